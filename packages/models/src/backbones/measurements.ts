/** Measurements of each family, which depend on the machine; all else follows from the architecture. */
import type { BackboneFamily } from './table.ts';

export interface BackboneMeasurements {
  /** Name of the variant that was measured; the others are scaled by width and depth. */
  variant: string;
  /** Time of a training step on all layers in float32 relative to MobileNet 1's at the same input size. */
  relativeCost: number;
  /** Memory that training all layers in float32 takes for activations and their gradients, bytes per input pixel of a batch. */
  trainingBytesPerPixel: number;
  /** Whether training all layers is faster in bfloat16 than in float32 on a processor with bfloat16 instructions. */
  isFasterInBfloat16: boolean;
  /** How and on which processor. */
  measured: string;
}

const duringDevelopment =
  'cost: steps run op by op on two CPU cores, 2026-11-24, processor not recorded; ' +
  'bytes and bfloat16: compiled steps on two cores of an AMD EPYC with avx512_bf16, 2026-11-26';

/** A new family needs a row here; `pnpm bench train` measures it. */
export const backboneMeasurements: Readonly<Record<BackboneFamily, BackboneMeasurements>> = {
  mobilenet: {
    variant: '1',
    relativeCost: 1,
    trainingBytesPerPixel: 1500,
    isFasterInBfloat16: false,
    measured: duringDevelopment,
  },
  'mobilenet-v2': {
    variant: '1',
    relativeCost: 0.9,
    trainingBytesPerPixel: 1900,
    isFasterInBfloat16: false,
    measured: duringDevelopment,
  },
  'inception-v3': {
    variant: '1',
    relativeCost: 3.5,
    trainingBytesPerPixel: 1400,
    isFasterInBfloat16: true,
    measured: duringDevelopment,
  },
  xception: {
    variant: '1',
    relativeCost: 6,
    trainingBytesPerPixel: 3600,
    isFasterInBfloat16: true,
    measured: duringDevelopment,
  },
};
