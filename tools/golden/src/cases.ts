import { type BackboneArchitecture, type BackboneFamily, backboneFamilies, backboneTable } from '@chorus/models';

/** A backbone and its comparisons with its reference; passed as JSON to backbones.py or timm_backbones.py. */
export type GoldenCase = CommonCase & (KerasCase | TimmCase);

/** A case that Keras computes. */
export interface KerasCase {
  /** The function in keras.applications, and its arguments other than shape and top. */
  keras: string;
  arguments: { alpha?: number };
}

/** A case that timm computes. */
export interface TimmCase {
  /** The model's name in timm. */
  timm: string;
}

interface CommonCase {
  /** Base name of its files. */
  name: string;
  family: BackboneFamily;
  /** Name of one of the family's variants. */
  variant: string;
  /** First stream of its weights in the formula. */
  firstStream: number;
  /** Smallest legal input size. */
  smallest: number;
  /** The computed comparisons; other widths compare only the parameters. */
  numbers?: {
    /** Input sizes of the forward passes: the smallest legal one, an odd one and the default. */
    sizes: readonly number[];
    /** Input size of gradients and training. */
    trainingSize: number;
    /** Relative limit for gradients through all layers where rounding differs most: composed BatchNorm of Keras 3, moving statistics. */
    gradientLimit: number;
    /** Number of last layers that train while the others are frozen, as in `model.layers[-n:]`. */
    suffixLayers: number;
  };
}

const oddSize = 161;
const suffixLayers = 30;
/** Names of the variants to compute; computing every width of a family would take minutes. */
const computedVariants = ['0.25', '0.5', '0.75', '1'];

export const gradientLimit = 1e-3;
/**
 * In these deep networks, rounding moves some units across the kink of a ReLU for any weights, and a single unit changes a
 * gradient by some thousandths: with the composed BatchNorm of Keras 3 (measured 2.1e-2 and 7.6e-3; tf_keras, whose BatchNorm
 * is one op as in Chorus, differs from Keras 3 as much), and with moving statistics (4.9e-3 and 1.9e-3).
 */
const deepLimits: Partial<Record<BackboneFamily, number>> = { 'inception-v3': 0.05, xception: 0.02 };

/** Whether Keras computes a case. */
export function isKerasCase(golden: GoldenCase): golden is CommonCase & KerasCase {
  return 'keras' in golden;
}

/** The cases of all backbones in the table. */
export const cases: readonly GoldenCase[] = backboneFamilies.flatMap((family) =>
  casesOf(family, backboneTable[family]),
);

/** @throws Error if no variant of the family is computed. */
export function casesOf(family: BackboneFamily, architecture: BackboneArchitecture): GoldenCase[] {
  const { variants, minimumInputSize } = architecture;
  if (!variants.some(({ name }) => computedVariants.includes(name)))
    throw new Error(
      `No variant of ${family} (${variants.map(({ name }) => name).join(', ')}) is in computedVariants, ` +
        'whose numbers are compared with those of Keras or timm; add one.',
    );
  return variants.map(({ name: variant, defaultInputSize, reference }): GoldenCase => {
    const parameters = {
      name: variants.length === 1 ? family : `${family}-${variant}`,
      family,
      variant,
      ...(reference.library === 'keras'
        ? { keras: reference.application, arguments: reference.arguments }
        : { timm: reference.model }),
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
