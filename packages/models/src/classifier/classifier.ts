/** A member of an ensemble: preprocessing → backbone → global average pooling → dropout → dense, as one graph of layers. */
import * as tf from '@tensorflow/tfjs';
import { imageInput } from '../backbones/layer-calls.ts';
import { type BackboneSpec, backboneTable, checkBackboneSpec, variantOf } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import { inference } from '../layers/layer-call.ts';
import { SeededDropout } from '../layers/seeded-dropout.ts';
import { checkPreprocessing, type Preprocessing, type PreprocessingName, preprocessings } from '../preprocessing.ts';
import { type BatchNormMode, type FineTuneView, fineTuneView } from './fine-tune-view.ts';
import { drawKernels, type ModelWeight, weightsOf } from './model-weights.ts';
import { type CutPoint, cutPoints, type FineTuneRange } from './trainable-range.ts';

export interface ClassifierOptions {
  backbone: BackboneSpec;
  /** Names in the order of the labels: at least two, all different. */
  classes: readonly string[];
  /** Share of the pooled features that is dropped while training, 0 (the default) to below 1. */
  dropout?: number;
  /** Of raw pixels: the one of the family's published weights (the default), or `raw-bgr`. */
  preprocessing?: PreprocessingName | undefined;
  /** Draws the weights and the dropout masks. */
  seed: number;
  /** Which kernels are drawn: all (the default), or the head's, where a file's come into the backbone next. */
  initializes?: 'all' | 'head';
}

/**
 * Builds a classifier with weights drawn from the seed; `loadBackboneWeights` puts trained ones in their place.
 *
 * @returns a classifier on the current tfjs backend; the caller disposes.
 * @throws ModelError for a backbone, preprocessing or classes that cannot be.
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  const classifier = new Classifier(options);
  const { weights, backboneWeights } = classifier;
  drawKernels(options.initializes === 'head' ? weights.slice(backboneWeights.length) : weights, options.seed);
  return classifier;
}

/** Made by {@link createClassifier} or `memberFromBytes`; owns its weights until disposed. */
export class Classifier {
  readonly backbone: BackboneSpec;
  readonly preprocessing: Preprocessing;
  readonly classes: readonly string[];
  readonly dropout: number;
  /** Logits per image: 1 for two classes (of the second), else one per class. */
  readonly outputCount: number;
  /** Pooled features per image. */
  readonly featureWidth: number;
  /** Where it may be cut in two, from the input to the pooled features. */
  readonly cutPoints: readonly CutPoint[];
  /** All weights, the head's last. */
  readonly weights: readonly ModelWeight[];
  readonly backboneWeights: readonly ModelWeight[];
  /** The layers; for looking inside. */
  readonly model: tf.LayersModel;
  readonly #graph: LayerGraph;
  readonly #backboneEnd: number;

  /** Kernels are zero: {@link createClassifier} draws them. */
  constructor({ backbone, classes, dropout = 0, preprocessing, seed }: ClassifierOptions) {
    checkBackboneSpec(backbone);
    const own = backboneTable[backbone.family].preprocessing;
    const chosen = preprocessing ?? own.name;
    checkPreprocessing(chosen, own);
    checkHead(classes, dropout);
    this.backbone = { ...backbone };
    this.preprocessing = preprocessings[chosen];
    this.classes = [...classes];
    this.dropout = dropout;
    this.outputCount = classes.length === 2 ? 1 : classes.length;
    this.model = buildModel(backbone, { outputCount: this.outputCount, dropout, seed });
    this.#graph = new LayerGraph(this.model);
    this.#backboneEnd = this.#graph.indexOf('pooled') - 1;
    this.featureWidth = variantOf(backbone).featureWidth;
    this.cutPoints = cutPoints(this.#graph, this.#backboneEnd);
    this.backboneWeights = weightsOf(this.#graph.nodes.slice(0, this.#backboneEnd + 1));
    this.weights = [...this.backboneWeights, ...weightsOf(this.#graph.nodes.slice(this.#backboneEnd + 1))];
  }

  /** Images [N,S,S,3], 0..255 → logits [N, outputCount], inference mode. The caller disposes. */
  logits(images: tf.Tensor4D): tf.Tensor2D {
    return this.#infer(images, this.#graph.nodes.length - 1);
  }

  /** Images [N,S,S,3], 0..255 → pooled features [N, featureWidth], inference mode. The caller disposes. */
  features(images: tf.Tensor4D): tf.Tensor2D {
    return this.#infer(images, this.#backboneEnd + 1);
  }

  /**
   * The classifier as a frozen front and a rest that trains; see {@link FineTuneView}.
   *
   * @throws ModelError for a range that this backbone has not.
   */
  fineTuneView(range: FineTuneRange, { batchNorm }: { batchNorm: BatchNormMode }): FineTuneView {
    const layers = { graph: this.#graph, backboneEnd: this.#backboneEnd, preprocessing: this.preprocessing };
    return fineTuneView(layers, range, batchNorm);
  }

  dispose(): void {
    this.model.dispose();
  }

  #infer(images: tf.Tensor4D, to: number): tf.Tensor2D {
    return tf.tidy(() => this.#graph.run(this.preprocessing.apply(images), 0, to, () => inference) as tf.Tensor2D);
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
    throw new ModelError(`Expected at least two different classes, received ${JSON.stringify(classes.slice(0, 10))}.`);
  if (!(dropout >= 0 && dropout < 1))
    throw new ModelError(`Expected a dropout from 0 to below 1, received ${dropout}.`);
}
