import type { ExperimentInput } from '../schema.ts';

/** The article's ensemble. */
export const threeBackbones = [
  { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
  { name: 'inception-v3', backbone: 'inception-v3', alpha: 1 },
  { name: 'xception', backbone: 'xception', alpha: 1 },
] satisfies ExperimentInput['members'];
