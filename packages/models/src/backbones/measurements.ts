/** What estimates of time and memory need to know of each family. */
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
  /** Number of layers as Keras counts them, which is known without building the model. */
  layerCount: number;
  /** Number of blocks, by `blockOf` of the architecture. */
  blockCount: number;
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
    layerCount: 86,
    blockCount: 14,
  },
  'mobilenet-v2': {
    variant: '1',
    relativeCost: 0.9,
    trainingBytesPerPixel: 1900,
    isFasterInBfloat16: false,
    measured: duringDevelopment,
    layerCount: 154,
    blockCount: 18,
  },
  'inception-v3': {
    variant: '1',
    relativeCost: 3.5,
    trainingBytesPerPixel: 1400,
    isFasterInBfloat16: true,
    measured: duringDevelopment,
    layerCount: 311,
    blockCount: 13,
  },
  xception: {
    variant: '1',
    relativeCost: 6,
    trainingBytesPerPixel: 3600,
    isFasterInBfloat16: true,
    measured: duringDevelopment,
    layerCount: 132,
    blockCount: 14,
  },
  'efficientnet-lite0': {
    variant: '1',
    relativeCost: 1.3,
    trainingBytesPerPixel: 1500,
    isFasterInBfloat16: false,
    measured:
      'compiled steps at 224 px, alternating with those of MobileNet 1 (cost and bfloat16: batches of 8; bytes: of 8 to 40, in processes of their own), ' +
      'on two cores of an AMD EPYC with avx512_bf16 that ran other work, 2026-11-29',
    layerCount: 141,
    blockCount: 17,
  },
};
