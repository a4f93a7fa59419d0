import type { ExperimentInput } from '../schema.ts';

/**
 * demo: what `auto` chooses when neither data nor weights are named. The article's three backbones learn to tell drawn discs
 * from drawn stars, from random weights: an end-to-end demonstration whose figures do not apply to photographs.
 *
 * Result on 340 test images, seeds 0, 1 and 2: MobileNetV2 68, 83 and 71 %, InceptionV3 79, 89 and 86 %, Xception 92.6, 91.2 and
 * 93.5 %, the ensemble 93.2, 91.5 and 93.2 %. `docs/presets.md` lists the cost.
 */
export const demo: Partial<ExperimentInput> = {
  name: 'demo',
  inputSize: 75,
  data: { source: 'shapes', limitPerClass: 170 },
  weights: 'random',
  // Small batches: of so few images, steps count more than the noise of their gradients.
  recipe: { batchSize: 16, whole: { epochCount: 3 } },
  // Of a tenth, 40 images, the choice among the stackers is mostly noise.
  stacking: { kind: 'holdout', fraction: 0.2 },
  // All three at once also where `auto` would take fewer CPU devices: that is a part of the story.
  runtime: { logicalCpuDevices: 3 },
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.5 },
    { name: 'inception-v3', backbone: 'inception-v3' },
    // Its smallest size: it learns this task the fastest, and its steps take the longest.
    { name: 'xception', backbone: 'xception', inputSize: 71 },
  ],
};
