import { type BackboneArchitecture, type BackboneFamily, backboneFamilies, backboneTable } from '@chorus/models';

/** A backbone, and what of it is compared with Keras; goes as JSON to backbones.py. */
export interface GoldenCase {
  /** Of its files. */
  name: string;
  family: BackboneFamily;
  /** Name of one of the family's variants. */
  variant: string;
  /** The function in keras.applications, and what else than shape and top it is given. */
  keras: string;
  arguments: { alpha?: number };
  /** Of its weights in the formula. */
  firstStream: number;
  /** Smallest legal input size. */
  smallest: number;
  /** What is computed; of other widths only the parameters are compared. */
  numbers?: {
    /** Input sizes of the forward passes: the smallest legal, an odd one and the default. */
    sizes: readonly number[];
    /** Input size of gradients and training. */
    trainingSize: number;
    /** Relative, of gradients through all layers where rounding differs most: Keras 3's composed BatchNorm, moving statistics. */
    gradientLimit: number;
    /** Layers at the backbone's end that train when the others are frozen, as in `model.layers[-n:]`. */
    suffixLayers: number;
  };
}

const oddSize = 161;
const suffixLayers = 30;
/** So that a family of many widths does not take minutes. */
const computedVariants = ['0.25', '0.5', '0.75', '1'];

export const gradientLimit = 1e-3;
/**
 * Through all of these deep networks rounding puts some units on the other side of a ReLU's bend, whatever the weights, and
 * one of them alone is some thousandths of a gradient: where Keras 3 composes BatchNorm (measured 2.1e-2 and 7.6e-3; tf_keras,
 * whose BatchNorm is one op as ours is, and Keras 3 are as far apart), and by moving statistics (4.9e-3 and 1.9e-3).
 */
const deepLimits: Partial<Record<BackboneFamily, number>> = { 'inception-v3': 0.05, xception: 0.02 };

/** Every backbone of the table. */
export const cases: readonly GoldenCase[] = backboneFamilies.flatMap((family) =>
  casesOf(family, backboneTable[family]),
);

/** @throws Error when nothing of the family would be computed. */
export function casesOf(family: BackboneFamily, architecture: BackboneArchitecture): GoldenCase[] {
  const { variants, minimumInputSize } = architecture;
  if (!variants.some(({ name }) => computedVariants.includes(name)))
    throw new Error(
      `No variant of ${family} (${variants.map(({ name }) => name).join(', ')}) is in computedVariants, ` +
        'whose numbers are compared with those of Keras; add one.',
    );
  return variants.map(({ name: variant, defaultInputSize, keras }) => {
    const parameters = {
      name: variants.length === 1 ? family : `${family}-${variant}`,
      family,
      variant,
      keras: keras.application,
      arguments: keras.arguments,
      firstStream: 1000,
      smallest: minimumInputSize,
    };
    if (!computedVariants.includes(variant)) return parameters;
    const numbers = {
      sizes: [minimumInputSize, oddSize, defaultInputSize],
      trainingSize: minimumInputSize,
      gradientLimit: deepLimits[family] ?? gradientLimit,
      suffixLayers,
    };
    return { ...parameters, numbers };
  });
}
