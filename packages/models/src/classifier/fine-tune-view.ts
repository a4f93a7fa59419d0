/**
 * Freezing: splits a classifier into frozen layers, which run once per image, and layers that train.
 *
 * Which layers train is a property of this view, not of the layers: each call passes the mode. Nothing has to be recompiled,
 * and a frozen layer cannot change, whatever mode the other layers run in.
 */
import tf from '@chorus/tfjs';
import type { BackboneArchitecture } from '../backbones/architecture.ts';
import type { LayerGraph } from '../graph/layer-graph.ts';
import { inference, type LayerCall } from '../layers/layer-call.ts';
import type { Preprocessing } from '../preprocessing.ts';
import { blockDepths } from './block-depths.ts';
import { type ModelWeight, weightsOf } from './model-weights.ts';
import { type CutPoint, cutPoint, type FineTuneRange, firstTrainableNode } from './trainable-range.ts';
import { takeSnapshot, type WeightSnapshot } from './weight-snapshot.ts';

/**
 * The statistics with which trainable BatchNorm layers normalize: `batch`, which also updates the moving statistics (training
 * from scratch, large batches), or `moving`, which leaves them unchanged, so that training optimizes the function that inference
 * computes (fine-tuning).
 */
export type BatchNormMode = 'batch' | 'moving';

/** A view of a classifier, which keeps ownership of all weights. */
export interface FineTuneView {
  /** The boundary between prefix and suffix. */
  readonly cut: CutPoint;
  /** The variables for an optimizer to update. */
  readonly variables: readonly tf.Variable[];
  /** BatchNorm's moving statistics that training updates: none in mode `moving`. */
  readonly statistics: readonly tf.Variable[];
  /** For each variable, the depth of its block below the head: 0 for the head, 1 for the backbone's last block. */
  readonly depths: readonly number[];
  /** Images [N,S,S,3], 0..255 → activations [N, ...cut.shape], inference mode. The caller disposes. */
  prefix(images: tf.Tensor4D): tf.Tensor;
  /**
   * Activations [N, ...cut.shape] → logits [N, outputCount]; frozen layers run in inference mode. The caller disposes.
   *
   * @param options `step`: number of the training step, int32; seeds the dropout mask.
   */
  suffix(activations: tf.Tensor, options: { training: boolean; step?: tf.Scalar }): tf.Tensor2D;
  /**
   * Blends a batch's statistics into the moving statistics of the BatchNorm layers that train; uses only tensors, so that it
   * can be compiled. With weights of 1, 1/2, 1/3, … over batches of one size, the moving statistics become the mean over all
   * batches: after few steps, or with a momentum of 0.999, training leaves them close to their initial values.
   *
   * @param activations [N, ...cut.shape]
   * @param weight 0..1, the weight of the batch's statistics in the result.
   */
  blendStatistics(activations: tf.Tensor, weight: tf.Scalar): void;
  /**
   * Replaces these moving statistics with the mean over several batches, weighting each image equally. Disposes each batch
   * after use.
   *
   * @param blend blends one batch with a weight; `blendStatistics` of activations by default.
   */
  recalibrateBatchNorm(batches: Iterable<tf.Tensor>, blend?: (batch: tf.Tensor, weight: tf.Scalar) => void): void;
  /** What training changes, and what a snapshot contains, in this order: the variables, and BatchNorm's moving statistics. */
  readonly weights: readonly ModelWeight[];
  /**
   * Copies the {@link weights}. The caller disposes.
   *
   * @param values takes these as their values instead; the caller keeps ownership.
   */
  snapshot(values?: readonly tf.Tensor[]): WeightSnapshot;
}

/** A classifier's layers and preprocessing. */
interface Layers {
  graph: LayerGraph;
  /** Index of the backbone's last node; pooling, dropout and the dense layer follow. */
  backboneEnd: number;
  preprocessing: Preprocessing;
  blockOf: BackboneArchitecture['blockOf'];
}

/** @throws ModelError for a range that does not exist, naming those that do. */
export function fineTuneView(
  { graph, backboneEnd, preprocessing, blockOf }: Layers,
  range: FineTuneRange,
  batchNorm: BatchNormMode,
): FineTuneView {
  const pooled = backboneEnd + 1;
  const end = graph.nodes.length - 1;
  const firstTrainable = firstTrainableNode(graph, backboneEnd, range, blockOf);
  let cut = firstTrainable - 1;
  while (!graph.isCut(cut)) cut -= 1;

  const callFor = (index: number, learning: LayerCall) => (index >= firstTrainable ? learning : inference);
  const weights = weightsOf(graph.nodes.slice(firstTrainable));
  const trainable = weights.filter((weight) => weight.trainable);
  const statistics = weights.filter((weight) => !weight.trainable);
  const depthOf = blockDepths(graph.nodes.slice(0, backboneEnd + 1), blockOf);
  const run = (activations: tf.Tensor, to: number, learning: LayerCall) =>
    graph.run(activations, cut, to, (index) => callFor(index, learning));

  const view: FineTuneView = {
    cut: cutPoint(graph, cut),
    variables: trainable.map(({ variable }) => variable),
    statistics: batchNorm === 'moving' ? [] : statistics.map(({ variable }) => variable),
    depths: trainable.map(({ layerName }) => depthOf(layerName)),
    prefix: (images) => tf.tidy(() => graph.run(preprocessing.apply(images), 0, cut, () => inference)),
    suffix: (activations, { training, step }) =>
      run(activations, end, training ? { training, statistics: batchNorm, step } : inference) as tf.Tensor2D,
    blendStatistics(activations, weight) {
      // There is no BatchNorm after the pooling.
      run(activations, Math.max(cut, pooled), { training: true, statistics: { weight } }).dispose();
    },
    recalibrateBatchNorm(batches, blend = view.blendStatistics) {
      let imageCount = 0;
      for (const batch of batches) {
        imageCount += batch.shape[0]!;
        const weight = tf.scalar(batch.shape[0]! / imageCount);
        try {
          blend(batch, weight);
        } finally {
          tf.dispose([batch, weight]);
        }
      }
    },
    weights,
    snapshot: (values) =>
      takeSnapshot(
        weights.map(({ variable }) => variable),
        values,
      ),
  };
  return view;
}
