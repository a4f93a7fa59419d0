import type { ExperimentInput } from '../schema.ts';

/**
 * demo: the preset that `auto` chooses when neither data nor weights are given. The article's three backbones learn to
 * distinguish drawn discs from drawn stars, starting from random weights: an end-to-end demonstration whose figures do not
 * apply to photographs.
 *
 * `docs/presets.md` lists the cost.
 */
export const demo: Partial<ExperimentInput> = {
  name: 'demo',
  inputSize: 75,
  data: { source: 'shapes', limitPerClass: 200 },
  weights: 'random',
  recipe: { whole: { epochCount: 3 } },
  // Trains all three members concurrently, even on machines where `auto` would use fewer CPU devices.
  runtime: { logicalCpuDevices: 3 },
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.5 },
    { name: 'inception-v3', backbone: 'inception-v3' },
    { name: 'xception', backbone: 'xception' },
  ],
};
