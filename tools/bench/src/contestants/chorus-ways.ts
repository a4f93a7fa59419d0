import { backboneMeasurements } from '@chorus/models';
import { hasBfloat16 } from '@chorus/runtime';
import type { ModelTask } from './model-task.ts';

/** The modes in which Chorus runs a training step. */
export const trainingWays = ['compiled', 'compiled, bfloat16', 'op by op'] as const;
export type TrainingWay = (typeof trainingWays)[number];

/** The modes in which Chorus runs a prediction, the default first. */
export const predictingWays = ['onnxruntime', 'compiled', 'op by op'] as const;
export type PredictingWay = (typeof predictingWays)[number];

/** Returns all modes of a task; the first is the default on this machine. */
export function chorusWaysOf({
  work,
  backbone,
}: Pick<ModelTask, 'work' | 'backbone'>): (TrainingWay | PredictingWay)[] {
  if (work === 'predict') return [...predictingWays];
  const own: TrainingWay =
    hasBfloat16() && backboneMeasurements[backbone].isFasterInBfloat16 ? 'compiled, bfloat16' : 'compiled';
  return [own, ...trainingWays.filter((way) => way !== own)];
}
