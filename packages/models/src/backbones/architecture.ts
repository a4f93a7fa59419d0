import type { Preprocessing } from '../preprocessing.ts';
import type { Symbolic } from './layer-calls.ts';
import type { PublishedFile } from './published-file.ts';

/** One family of backbones, with the properties that its published weights require. */
export interface BackboneArchitecture {
  /** Its sizes, smallest first. The first one of width 1 is the default. */
  variants: readonly [BackboneVariant, ...BackboneVariant[]];
  /** Smallest input side in pixels that leaves a feature map to pool. */
  minimumInputSize: number;
  /** Preprocessing with which its published weights were trained. */
  preprocessing: Preprocessing;
  /** License of the published weights. */
  license: string;
  /** Name of the layer with weights in the reference's classification top, which a weight file may contain besides the backbone. */
  topLayer: string;
  /**
   * Matches the layers with weights that Keras leaves unnamed: weight files have a counter there, such as `conv2d_94`.
   * `build` must create these layers in the order in which Keras counts them.
   */
  unnamedInKeras?: RegExp;
  /**
   * Names the block that a layer with weights belongs to. Layer-wise learning rates differ between blocks, which are those of
   * timm's `group_matcher`.
   */
  blockOf(layerName: string): string;
  /** Adds the layers from the preprocessed image [S, S, 3] to the last feature map [H, W, featureWidth]. */
  build(image: Symbolic, variant: BackboneVariant): Symbolic;
}

/** One size of a family: everything that distinguishes it from the others. */
export interface BackboneVariant {
  /** Unique in its family. If the variants differ in width only, the width, such as `0.75`; otherwise a name such as `lite2`. */
  name: string;
  /** Width multiplier (alpha in Keras): scales the channels of each layer. */
  width: number;
  /** Depth multiplier: scales the number of blocks in each stage. */
  depth: number;
  /** Input side in pixels that the reference implementation uses by default. */
  defaultInputSize: number;
  /** Channels of the last feature map. */
  featureWidth: number;
  /** Parameters without a head, moving statistics included. */
  parameterCount: number;
  /** The published files without a classification top, by ascending input size. */
  weightFiles: readonly TrainedWeights[];
  /** What creates the same layers in Python. */
  reference: KerasApplication | TimmModel;
}

/** A function in keras.applications, and its arguments besides the input. */
export interface KerasApplication {
  library: 'keras';
  application: string;
  arguments: { alpha?: number };
}

/** A model that `timm.create_model` creates. */
export interface TimmModel {
  library: 'timm';
  model: string;
}

/** A published weight file and the input side in pixels at which it was trained. */
export interface TrainedWeights {
  trainedSize: number;
  file: PublishedFile;
}
