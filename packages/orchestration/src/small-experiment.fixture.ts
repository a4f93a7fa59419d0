import type { ExperimentInput } from './experiment/schema.ts';

/** Two small members on tiny images. They run op by op, since compiling would take longer than their few steps. */
export const smallExperiment = (source: string): Partial<ExperimentInput> => ({
  name: 'small',
  inputSize: 32,
  data: { source },
  weights: 'random',
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
  ],
  recipe: { batchSize: 16, whole: { epochCount: 1 } },
  workers: [{ device: 'cpu:0' }],
  runtime: { logicalCpuDevices: 1, intraOpThreads: 1, compile: false },
});
