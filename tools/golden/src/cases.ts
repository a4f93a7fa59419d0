import { type BackboneFamily, backboneFamilies, backboneTable } from '@chorus/models';

/** A backbone, and what of it is compared with Keras; goes as JSON to backbones.py. */
export interface GoldenCase {
  /** Of its files. */
  name: string;
  family: BackboneFamily;
  alpha: number;
  /** The function in keras.applications, and what else than shape and top it is given. */
  keras: string;
  arguments: { alpha?: number };
  /** Of its weights in the formula. */
  firstStream: number;
  /** Input sizes of the forward passes: the default, the smallest legal and an odd one. */
  sizes: readonly number[];
  /** Input size of gradients and training. */
  trainingSize: number;
  /** Layers at the backbone's end that train when the others are frozen, as in `model.layers[-n:]`. */
  suffixLayers: number;
}

const oddSize = 161;
const suffixLayers = 30;

/** Others where with the first ones some unit lies so near a bend that rounding decides on which side. */
const firstStreams: Partial<Record<BackboneFamily, number>> = {};

/** Every backbone of the table. */
export const cases: readonly GoldenCase[] = backboneFamilies.flatMap((family) => {
  const { alphas, kerasName, defaultInputSize, minimumInputSize } = backboneTable[family];
  return alphas.map((alpha) => ({
    name: alphas.length === 1 ? family : `${family}-${alpha}`,
    family,
    alpha,
    keras: kerasName,
    arguments: alphas.length === 1 ? {} : { alpha },
    firstStream: firstStreams[family] ?? 1000,
    sizes: [minimumInputSize, oddSize, defaultInputSize],
    trainingSize: minimumInputSize,
    suffixLayers,
  }));
});
