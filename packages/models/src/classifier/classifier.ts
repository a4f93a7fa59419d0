/** A member of an ensemble: preprocessing → backbone → global average pooling → dropout → dense, as one graph of layers. */
import tf from '@chorus/tfjs';
import { imageInput } from '../backbones/layer-calls.ts';
import { type BackboneSpec, backboneTable, checkBackboneSpec, variantOf } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import { inference } from '../layers/layer-call.ts';
import { SeededDropout } from '../layers/seeded-dropout.ts';
import type { ActivationRange } from '../member/manifest.ts';
import { checkPreprocessing, type Preprocessing, type PreprocessingName, preprocessings } from '../preprocessing.ts';
import { type BatchNormMode, type FineTuneView, fineTuneView } from './fine-tune-view.ts';
import { drawKernels, type ModelWeight, weightsOf } from './model-weights.ts';
import { type CutPoint, cutPoints, type FineTuneRange } from './trainable-range.ts';

export interface ClassifierOptions {
  backbone: BackboneSpec;
  /** Names in the order of the labels: at least two, all different. */
  classes: readonly string[];
  /** Share of the pooled features dropped during training, in [0, 1); 0 by default. */
  dropout?: number;
  /** Preprocessing of raw pixels: that of the family's published weights (the default), or `raw-bgr`. */
  preprocessing?: PreprocessingName | undefined;
  /** Seeds the weights and the dropout masks. */
  seed: number;
  /** The ranges of the backbone's values, with which its ONNX graphs compute with 8-bit integers; omitted for float32. */
  ranges?: readonly ActivationRange[] | undefined;
  /** Which kernels are drawn at random: all (the default), or only the head's if the backbone's are then loaded from a file. */
  initializes?: 'all' | 'head';
}

/**
 * Builds a classifier with random weights; `loadBackboneWeights` replaces the backbone's by trained ones.
 *
 * @returns a classifier on the current tfjs backend; the caller disposes.
 * @throws ModelError for an invalid backbone, preprocessing, dropout or list of classes.
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  const classifier = new Classifier(options);
  const { weights, backboneWeights } = classifier;
  drawKernels(options.initializes === 'head' ? weights.slice(backboneWeights.length) : weights, options.seed);
  return classifier;
}

/** Created by {@link createClassifier} or `memberFromBytes`; owns its weights until it is disposed. */
export class Classifier {
  readonly backbone: BackboneSpec;
  readonly preprocessing: Preprocessing;
  readonly classes: readonly string[];
  readonly dropout: number;
  /** See {@link ClassifierOptions}; tfjs computes in float32. */
  readonly ranges: readonly ActivationRange[] | undefined;
  /** Logits per image: 1 for two classes (the second's), else one per class. */
  readonly outputCount: number;
  /** Pooled features per image. */
  readonly featureWidth: number;
  /** Rows and columns of the backbone's output, before the pooling. */
  readonly featureMapSize: { readonly height: number; readonly width: number };
  /** The layers after which it can be split, from the input to the pooled features. */
  readonly cutPoints: readonly CutPoint[];
  /** All weights, the head's last. */
  readonly weights: readonly ModelWeight[];
  readonly backboneWeights: readonly ModelWeight[];
  /** The layers, for inspection. */
  readonly model: tf.LayersModel;
  readonly #graph: LayerGraph;
  readonly #backboneEnd: number;

  /** Leaves all kernels zero: {@link createClassifier} draws them. */
  constructor({ backbone, classes, dropout = 0, preprocessing, ranges, seed }: ClassifierOptions) {
    checkBackboneSpec(backbone);
    const own = backboneTable[backbone.family].preprocessing;
    const chosen = preprocessing ?? own.name;
    checkPreprocessing(chosen, own);
    checkHead(classes, dropout);
    this.backbone = { ...backbone };
    this.preprocessing = preprocessings[chosen];
    this.classes = [...classes];
    this.dropout = dropout;
    this.ranges = ranges;
    this.outputCount = classes.length === 2 ? 1 : classes.length;
    this.model = buildModel(backbone, { outputCount: this.outputCount, dropout, seed });
    this.#graph = new LayerGraph(this.model);
    this.#backboneEnd = this.#graph.indexOf('pooled') - 1;
    this.featureWidth = variantOf(backbone).featureWidth;
    const [height, width] = this.#graph.nodes[this.#backboneEnd]!.shape as [number, number, number];
    this.featureMapSize = { height, width };
    this.cutPoints = cutPoints(this.#graph, this.#backboneEnd);
    this.backboneWeights = weightsOf(this.#graph.nodes.slice(0, this.#backboneEnd + 1));
    this.weights = [...this.backboneWeights, ...weightsOf(this.#graph.nodes.slice(this.#backboneEnd + 1))];
  }

  /** Images [N,S,S,3], 0..255 → logits [N, outputCount], inference mode. The caller disposes. */
  logits(images: tf.Tensor4D): tf.Tensor2D {
    return this.#infer(images, this.#graph.nodes.length - 1) as tf.Tensor2D;
  }

  /** Images [N,S,S,3], 0..255 → pooled features [N, featureWidth], inference mode. The caller disposes. */
  features(images: tf.Tensor4D): tf.Tensor2D {
    return this.#infer(images, this.#backboneEnd + 1) as tf.Tensor2D;
  }

  /** As {@link logits} and {@link features}, side by side in one pass: [N, outputCount + featureWidth]. The caller disposes. */
  logitsAndFeatures(images: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => this.logitsAndFeaturesOf(this.featureMaps(images)));
  }

  /** Images [N,S,S,3], 0..255 → the backbone's output, before the pooling [N,H,W,featureWidth], inference mode. The caller disposes. */
  featureMaps(images: tf.Tensor4D): tf.Tensor4D {
    return this.#infer(images, this.#backboneEnd) as tf.Tensor4D;
  }

  /** Result of {@link featureMaps} → result of {@link logitsAndFeatures}. The caller disposes. */
  logitsAndFeaturesOf(featureMaps: tf.Tensor4D): tf.Tensor2D {
    const [pooled, head] = [this.#backboneEnd + 1, this.#graph.nodes.length - 1];
    return tf.tidy(() => {
      const features = this.#graph.run(featureMaps, this.#backboneEnd, pooled, () => inference) as tf.Tensor2D;
      const logits = this.#graph.run(features, pooled, head, () => inference) as tf.Tensor2D;
      return tf.concat([logits, features], 1);
    });
  }

  /**
   * Images [N,S,S,3], 0..255 → output of a layer [N, …], inference mode. The caller disposes.
   *
   * @throws Error if there is no such layer.
   */
  activations(images: tf.Tensor4D, layerName: string): tf.Tensor {
    return this.#infer(images, this.#graph.indexOf(layerName));
  }

  /**
   * Splits the classifier into frozen layers and layers that train; see {@link FineTuneView}.
   *
   * @throws ModelError for a range that this backbone does not have.
   */
  fineTuneView(range: FineTuneRange, { batchNorm }: { batchNorm: BatchNormMode }): FineTuneView {
    const { blockOf } = backboneTable[this.backbone.family];
    const layers = { graph: this.#graph, backboneEnd: this.#backboneEnd, preprocessing: this.preprocessing, blockOf };
    return fineTuneView(layers, range, batchNorm);
  }

  dispose(): void {
    this.model.dispose();
  }

  #infer(images: tf.Tensor4D, to: number): tf.Tensor {
    return tf.tidy(() => this.#graph.run(this.preprocessing.apply(images), 0, to, () => inference));
  }
}

// --- internal ---

function buildModel(
  backbone: BackboneSpec,
  { outputCount, dropout, seed }: { outputCount: number; dropout: number; seed: number },
): tf.LayersModel {
  const image = imageInput(backbone.inputSize);
  let x = backboneTable[backbone.family].build(image, variantOf(backbone)); // H×W×features
  x = tf.layers.globalAveragePooling2d({ name: 'pooled' }).apply(x) as tf.SymbolicTensor; // features
  x = new SeededDropout({ name: 'dropout', rate: dropout, seed }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.dense({ name: 'head', units: outputCount, kernelInitializer: 'zeros' }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: x });
}

function checkHead(classes: readonly string[], dropout: number): void {
  if (classes.length < 2 || new Set(classes).size < classes.length)
    throw new ModelError(`Expected two or more distinct classes, received ${JSON.stringify(classes.slice(0, 10))}.`);
  if (!(dropout >= 0 && dropout < 1))
    throw new ModelError(`Invalid dropout ${dropout}; expected a number of at least 0 and below 1.`);
}
