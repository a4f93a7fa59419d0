/** Table of all backbones, and lookup by specification. */
import { ModelError } from '../errors.ts';
import type { BackboneArchitecture, BackboneVariant } from './architecture.ts';
import { efficientnetLite0 } from './efficientnet-lite0.ts';
import { inceptionV3 } from './inception-v3.ts';
import { mobilenet } from './mobilenet.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';
import { xception } from './xception.ts';

/** A new family is a file beside this one, a line here and a row in measurements.ts. */
const families = {
  mobilenet,
  'mobilenet-v2': mobilenetV2,
  'inception-v3': inceptionV3,
  xception,
  'efficientnet-lite0': efficientnetLite0,
} satisfies Record<string, BackboneArchitecture>;

export type BackboneFamily = keyof typeof families;
export const backboneTable: Readonly<Record<BackboneFamily, BackboneArchitecture>> = families;
export const backboneFamilies = Object.keys(families) as readonly BackboneFamily[];

/** Chooses one variant of a family. */
export interface VariantChoice {
  family: BackboneFamily;
  /** Name of a variant in {@link backboneTable}; omitted, the first of width `alpha`. */
  variant?: string | undefined;
  /** Width multiplier, by which Keras chooses a MobileNet's variant; 1 by default. */
  alpha?: number | undefined;
}

/** A variant of a family at one input size. */
export interface BackboneSpec extends VariantChoice {
  /** Side of the square input in pixels. */
  inputSize: number;
}

/** Far larger than any backbone benefits from. */
const maximumInputSize = 2048;

/** @throws ModelError naming what the family allows. */
export function checkBackboneSpec(spec: BackboneSpec): void {
  variantOf(spec);
  const { family, inputSize } = spec;
  const { minimumInputSize } = backboneTable[family];
  if (!Number.isInteger(inputSize) || inputSize < minimumInputSize || inputSize > maximumInputSize)
    throw new ModelError(
      `Invalid input size ${inputSize} for ${family}; expected ${minimumInputSize} to ${maximumInputSize} px.`,
    );
}

/**
 * Looks up the variant that a specification chooses.
 *
 * @throws ModelError for an unknown family, variant or alpha, naming those that exist; and for a variant of another width
 * than `alpha`.
 */
export function variantOf({ family, variant: name, alpha }: VariantChoice): BackboneVariant {
  if (!backboneFamilies.includes(family))
    throw new ModelError(
      `Unknown backbone ${JSON.stringify(family)}; expected one of: ${backboneFamilies.join(', ')}.`,
    );
  const { variants } = backboneTable[family];
  const named = variants.filter((one) => name === undefined || one.name === name);
  if (named.length === 0)
    throw new ModelError(
      `Unknown variant ${JSON.stringify(name)} of ${family}; expected one of: ${variants.map((one) => one.name).join(', ')}.`,
    );
  const width = alpha ?? (name === undefined ? 1 : named[0]!.width);
  const found = named.find((one) => one.width === width);
  if (found !== undefined) return found;
  const widths = new Set(named.map((one) => one.width));
  const what = name === undefined ? family : `variant ${name} of ${family}`;
  throw new ModelError(`Invalid alpha ${alpha} for ${what}; expected one of: ${[...widths].join(', ')}.`);
}
