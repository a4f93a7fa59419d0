import type { ExperimentInput } from '../schema.ts';

/**
 * demo: what `auto` chooses when neither data nor weights are named. The article's three backbones learn to tell drawn discs
 * from drawn stars, from random weights: an end-to-end demonstration whose figures do not apply to photographs.
 *
 * `docs/presets.md` lists the cost.
 */
export const demo: Partial<ExperimentInput> = {
  name: 'demo',
  inputSize: 75,
  data: { source: 'shapes', limitPerClass: 200 },
  weights: 'random',
  recipe: { whole: { epochCount: 3 } },
  // All three at once also where `auto` would take fewer CPU devices: that is a part of the story.
  runtime: { logicalCpuDevices: 3 },
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.5 },
    { name: 'inception-v3', backbone: 'inception-v3' },
    { name: 'xception', backbone: 'xception' },
  ],
};
