/**
 * Freezing: a classifier as a frozen front, run once per image, and a rest that trains.
 *
 * Which layers train is a property of this view and not of the layers: each is told at every call. So there is nothing
 * to recompile, and a frozen layer cannot move, whatever mode the rest runs in.
 */
import * as tf from '@tensorflow/tfjs';
import type { LayerGraph } from '../graph/layer-graph.ts';
import { inference, type LayerCall } from '../layers/layer-call.ts';
import type { Preprocessing } from '../preprocessing.ts';
import { weightsOf } from './model-weights.ts';
import { type CutPoint, cutPoint, type FineTuneRange, firstTrainableNode } from './trainable-range.ts';
import { takeSnapshot, type WeightSnapshot } from './weight-snapshot.ts';

/**
 * How BatchNorm layers that train do so: with the `batch`'s statistics, which the moving ones follow (from scratch, large
 * batches), or with the `moving` ones as they are, so that training sees the function that inference will (fine-tuning).
 */
export type BatchNormMode = 'batch' | 'moving';

/** A view of a classifier, which stays the owner of all weights. */
export interface FineTuneView {
  /** Where prefix and suffix meet. */
  readonly cut: CutPoint;
  /** What an optimizer changes. */
  readonly variables: readonly tf.Variable[];
  /** Images [N,S,S,3], 0..255 → activations [N, ...cut.shape], inference mode. The caller disposes. */
  prefix(images: tf.Tensor4D): tf.Tensor;
  /**
   * Activations [N, ...cut.shape] → logits [N, outputCount]; frozen layers run in inference mode. The caller disposes.
   *
   * @param options `step`: int32, the number of the training's step; dropout draws by it.
   */
  suffix(activations: tf.Tensor, options: { training: boolean; step?: tf.Scalar }): tf.Tensor2D;
  /**
   * Moves the moving statistics of the BatchNorm layers that train towards a batch's; made of tensors alone, so that it can
   * be compiled. With weights of 1, 1/2, 1/3 … over batches of one size they become the mean over all of them: with few steps
   * or a momentum of 0.999 they would still be near their start.
   *
   * @param activations [N, ...cut.shape]
   * @param weight 0..1, the weight of the batch's statistics in the result.
   */
  blendStatistics(activations: tf.Tensor, weight: tf.Scalar): void;
  /**
   * The same over some batches, each image weighing the same; each batch is disposed after its use.
   *
   * @param blend takes a batch and its weight; by default `blendStatistics`, of activations.
   */
  recalibrateBatchNorm(batches: Iterable<tf.Tensor>, blend?: (batch: tf.Tensor, weight: tf.Scalar) => void): void;
  /** Remembers what training changes: variables and BatchNorm statistics. The caller disposes. */
  snapshot(): WeightSnapshot;
}

/** A classifier's layers and what comes before them. */
interface Layers {
  graph: LayerGraph;
  /** Index of the backbone's last node; pooling, dropout and the dense layer follow. */
  backboneEnd: number;
  preprocessing: Preprocessing;
}

/** @throws ModelError for a range that is not there, naming what is. */
export function fineTuneView(
  { graph, backboneEnd, preprocessing }: Layers,
  range: FineTuneRange,
  batchNorm: BatchNormMode,
): FineTuneView {
  const pooled = backboneEnd + 1;
  const end = graph.nodes.length - 1;
  const firstTrainable = firstTrainableNode(graph, backboneEnd, range);
  let cut = firstTrainable - 1;
  while (!graph.isCut(cut)) cut -= 1;

  const callFor = (index: number, learning: LayerCall) => (index >= firstTrainable ? learning : inference);
  const weights = weightsOf(graph.nodes.slice(firstTrainable));
  const run = (activations: tf.Tensor, to: number, learning: LayerCall) =>
    graph.run(activations, cut, to, (index) => callFor(index, learning));

  const view: FineTuneView = {
    cut: cutPoint(graph, cut),
    variables: weights.filter(({ trainable }) => trainable).map(({ variable }) => variable),
    prefix: (images) => tf.tidy(() => graph.run(preprocessing.apply(images), 0, cut, () => inference)),
    suffix: (activations, { training, step }) =>
      run(activations, end, training ? { training, statistics: batchNorm, step } : inference) as tf.Tensor2D,
    blendStatistics(activations, weight) {
      // No BatchNorm lies behind the pooling.
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
    snapshot: () => takeSnapshot(weights.map(({ variable }) => variable)),
  };
  return view;
}
