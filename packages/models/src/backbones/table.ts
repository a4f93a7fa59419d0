/** Which backbones there are, and what may be asked of them. */
import { ModelError } from '../errors.ts';
import type { BackboneArchitecture } from './architecture.ts';
import { inceptionV3 } from './inception-v3.ts';
import { mobilenet } from './mobilenet.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';
import { xception } from './xception.ts';

export const backboneFamilies = ['mobilenet', 'mobilenet-v2', 'inception-v3', 'xception'] as const;
export type BackboneFamily = (typeof backboneFamilies)[number];

/** A new family is a file beside this one and a line here. */
export const backboneTable: Readonly<Record<BackboneFamily, BackboneArchitecture>> = {
  mobilenet,
  'mobilenet-v2': mobilenetV2,
  'inception-v3': inceptionV3,
  xception,
};

/** One backbone of a family. */
export interface BackboneSpec {
  family: BackboneFamily;
  /** Width multiplier; one of the family's. */
  alpha: number;
  /** Side of its square input in pixels. */
  inputSize: number;
}

/** Far above what any backbone gains from. */
const maximumInputSize = 2048;

/** @throws ModelError naming what the family allows. */
export function checkBackboneSpec({ family, alpha, inputSize }: BackboneSpec): void {
  if (!backboneFamilies.includes(family))
    throw new ModelError(
      `Expected a backbone out of ${backboneFamilies.join(', ')}, received ${JSON.stringify(family)}.`,
    );
  const { alphas, minimumInputSize } = backboneTable[family];
  if (!alphas.includes(alpha))
    throw new ModelError(`Expected an alpha of ${family} out of ${alphas.join(', ')}, received ${alpha}.`);
  if (!Number.isInteger(inputSize) || inputSize < minimumInputSize || inputSize > maximumInputSize)
    throw new ModelError(
      `Expected an input size of ${family} from ${minimumInputSize} to ${maximumInputSize} px, received ${inputSize}.`,
    );
}

/** Work of one training step on one image; only the ratio of two means something. */
export function memberCost({ family, alpha, inputSize }: BackboneSpec): number {
  // ActivationCache, of which the number goes with alpha, cost more than multiplications, which go with its square.
  return backboneTable[family].relativeCost * alpha * inputSize ** 2;
}
