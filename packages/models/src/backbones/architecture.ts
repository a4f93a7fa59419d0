import type { Preprocessing } from '../preprocessing.ts';
import type { Symbolic } from './layer-calls.ts';
import type { PublishedFile } from './published-file.ts';

/** One architecture and everything that must travel with its weights. */
export interface BackboneArchitecture {
  /** Of the function in keras.applications that makes the same layers. */
  kerasName: string;
  /** Width multipliers that it was trained with. */
  alphas: readonly number[];
  /** Input sizes in pixels that keras-applications has weights for, ascending. */
  trainedSizes: readonly number[];
  /** Input size in pixels that keras.applications takes where none is named. */
  defaultInputSize: number;
  /** Smallest input side in pixels that leaves something to pool. */
  minimumInputSize: number;
  /** What its weights expect of an image. */
  preprocessing: Preprocessing;
  /** Of the weights that keras-applications publishes. */
  license: string;
  /** Time of a training step at alpha 1, relative to MobileNet's; measured on a CPU. */
  relativeCost: number;
  /** At alpha 1, without a head. */
  parameterCount: number;
  /** ActivationCache, and gradients on their way, that training all layers keeps per input pixel of a batch, in float32; measured. */
  trainingBytesPerPixel: number;
  /** Whether training all layers is faster in bfloat16 than in float32, on a processor that has it; measured. */
  isFasterInBfloat16: boolean;
  /** The file without its classification top. */
  weightFile(alpha: number, trainedSize: number): PublishedFile;
  /** The layer with weights of Keras' classification top, which files may have behind the backbone's. */
  topInKeras: string;
  /**
   * Layers with weights that Keras gives no name: its files have a counter there, such as `conv2d_94`, and `build` makes
   * them in the order in which Keras counts them.
   */
  unnamedInKeras?: RegExp;
  /** Channels of the last feature map. */
  featureWidth(alpha: number): number;
  /** The layers from the preprocessed image [S, S, 3] to the last feature map. */
  build(image: Symbolic, alpha: number): Symbolic;
}
