import type { Epoch, MemberProgress, TaskState } from '@chorus/studio-api/protocol';
import { expect, it } from 'vitest';
import { pointsOf, runningPoint, trainingsOf } from './curves.ts';

const epoch = (stage: Epoch['stage'], epochIndex: number, loss: number | null): Epoch => ({
  ...{ stage, epochIndex, loss, tuneLoss: 1, tuneAccuracy: 0.5, learningRate: 0.1 },
  ...{ startedAtMs: 0, finishedAtMs: 1, best: false },
});
const task = (change: Partial<TaskState>): TaskState => ({
  ...{ name: 'wide', kind: 'training', status: 'running', device: 'cpu:0', activity: null },
  ...{ batch: null, epochs: [], seconds: null, reason: null, ...change },
});
const member = (...tasks: TaskState[]): MemberProgress => ({ name: 'wide', tasks });

it('numbers epochs over all stages, a repeated one in its place', () => {
  const epochs = [epoch('head', 1, 2), epoch('head', 0, 3), epoch('fine-tune', 0, null), epoch('fine-tune', 1, 1)];
  const [training] = trainingsOf(member(task({ kind: 'features' }), task({ epochs })));
  expect(pointsOf(training!, 'loss')).toEqual([
    [1, 3],
    [2, 2],
    [4, 1],
  ]);
  expect(training!.stages).toEqual([
    { name: 'head', x: 0 },
    { name: 'fine-tune', x: 2 },
  ]);
});

it('shows where a running epoch stands, but not a pass without a loss', () => {
  const batch = { activity: 'head', epochIndex: 1, stepIndex: 2, stepCount: 4, loss: 0.7 } as const;
  const [training] = trainingsOf(member(task({ epochs: [epoch('head', 0, 1)], batch })));
  expect(runningPoint(training!)).toEqual([1.75, 0.7]);
  const [pass] = trainingsOf(member(task({ batch: { ...batch, activity: 'predict', loss: null } })));
  expect(runningPoint(pass!)).toBeUndefined();
});
