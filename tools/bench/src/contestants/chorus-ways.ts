import { backboneMeasurements } from '@chorus/models';
import { hasBfloat16 } from '@chorus/runtime';
import type { ModelTask } from './model-task.ts';

/** The modes in which Chorus runs a training step or a prediction. */
export const chorusWays = ['compiled', 'compiled, bfloat16', 'op by op'] as const;
export type ChorusWay = (typeof chorusWays)[number];

/** Returns all modes; the first is the default on this machine. */
export function chorusWaysOf({ work, backbone }: Pick<ModelTask, 'work' | 'backbone'>): ChorusWay[] {
  const isBfloat16 = work === 'train' && hasBfloat16() && backboneMeasurements[backbone].isFasterInBfloat16;
  const own: ChorusWay = isBfloat16 ? 'compiled, bfloat16' : 'compiled';
  return [own, ...chorusWays.filter((way) => way !== own)];
}
