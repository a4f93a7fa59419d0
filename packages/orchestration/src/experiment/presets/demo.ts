import type { ExperimentInput } from '../schema.ts';

/**
 * demo: the preset that `auto` chooses when neither data nor weights are given. The article's three backbones learn to
 * distinguish drawn discs from drawn stars, starting from random weights: an end-to-end demonstration whose figures do not
 * apply to photographs.
 *
 * Result on 340 test images, seeds 0, 1 and 2: MobileNetV2 68, 83 and 71 %, InceptionV3 79, 89 and 86 %, Xception 92.6, 91.2 and
 * 93.5 %, the ensemble 93.2, 91.5 and 93.2 %. `docs/presets.md` lists the cost.
 */
export const demo: Partial<ExperimentInput> = {
  name: 'demo',
  inputSize: 75,
  data: { source: 'shapes', limitPerClass: 170 },
  weights: 'random',
  // Small batches: with few images, more steps matter more than less noisy gradients.
  recipe: { batchSize: 16, whole: { epochCount: 3 } },
  // With a tenth, 40 images, the choice of a stacker would be mostly noise.
  stacking: { kind: 'holdout', fraction: 0.2 },
  // Trains all three members concurrently, even on machines where `auto` would use fewer CPU devices.
  runtime: { logicalCpuDevices: 3 },
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.5 },
    { name: 'inception-v3', backbone: 'inception-v3' },
    // The smallest size, since Xception learns this task fastest and its steps take longest.
    { name: 'xception', backbone: 'xception', inputSize: 71 },
  ],
};
