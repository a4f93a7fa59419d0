import type { ExperimentInput } from '../schema.ts';

/** Three small backbones, 29 MB together, whose weights are published. */
export const threeMobileNets = [
  { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
  { name: 'mobilenet', backbone: 'mobilenet', alpha: 1 },
  { name: 'mobilenet-075', backbone: 'mobilenet', alpha: 0.75 },
] satisfies ExperimentInput['members'];
