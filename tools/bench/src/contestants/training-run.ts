import type { ExperimentInput } from '@chorus/orchestration';
import type { Contestant } from './contestant-process.ts';
import { nodeCommand } from './peers.ts';

/** Small members trained on drawn shapes from random weights: only the time of a run matters, not its accuracy. */
const commonParts = {
  name: 'bench',
  weights: 'random',
  testTimeAugmentation: false,
  // No early stopping, so that the work does not depend on the results.
  stackers: { kinds: ['mean', 'dense'], dense: { epochCount: 20, patience: null } },
} satisfies Partial<ExperimentInput>;

/** A run of `chorus train`, as a contestant. */
export function trainingRun(name: string, experiment: Partial<ExperimentInput>): Contestant {
  return { name, command: nodeCommand('experiment'), task: { experiment: { ...commonParts, ...experiment } } };
}
