import type { TimedMachine } from './estimate-time.ts';

/** A machine with two cores. */
export const twoCores: TimedMachine = {
  costPerSecond: 3e6,
  startSeconds: 1,
  compileSeconds: 1,
  laneCount: 2,
  sharesProcessors: true,
  bfloat16: false,
};

export const photographs = { trainingCount: 2000, testCount: 1000 };
