import type { ExperimentInput } from '@chorus/orchestration';
import type { Contestant } from './contestant-process.ts';
import { nodeCommand } from './peers.ts';

/** Small members that learn drawn shapes from random weights: how a run spends its time, not what it learns. */
const commonParts = {
  name: 'bench',
  weights: 'random',
  testTimeAugmentation: false,
  // Nothing stops early: what is done does not depend on what is learnt.
  stackers: { kinds: ['mean', 'dense'], dense: { epochCount: 20, patience: null } },
} satisfies Partial<ExperimentInput>;

/** A run of `chorus train`, as a contestant. */
export function trainingRun(name: string, experiment: Partial<ExperimentInput>): Contestant {
  return { name, command: nodeCommand('experiment'), task: { experiment: { ...commonParts, ...experiment } } };
}
