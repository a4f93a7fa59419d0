import type { ExperimentInput } from '../schema.ts';

/**
 * demo: what `auto` takes when neither data nor weights were named. Three slim MobileNets learn generated shapes from
 * random weights: it shows the whole story in a few minutes on two CPU cores, and says nothing about photographs.
 */
export const demo: Partial<ExperimentInput> = {
  name: 'demo',
  inputSize: 64,
  data: { source: 'shapes' },
  weights: 'random',
  recipe: { scratch: { epochCount: 12 } },
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.35 },
    { name: 'mobilenet-050', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'mobilenet-025', backbone: 'mobilenet', alpha: 0.25 },
  ],
};
