import { backboneMeasurements } from './measurements.ts';
import { type BackboneSpec, variantOf } from './table.ts';

/** Work of one training step on one image, in an arbitrary unit: only the ratio of two costs is meaningful. */
export function memberCost(spec: BackboneSpec): number {
  const { variant: measuredName, relativeCost } = backboneMeasurements[spec.family];
  const measured = variantOf({ family: spec.family, variant: measuredName });
  const { width, depth } = variantOf(spec);
  // Activations, whose number grows with the width, cost more than multiplications, which grow with its square.
  return relativeCost * (width / measured.width) * (depth / measured.depth) * spec.inputSize ** 2;
}
