/** As `continued-training.test.ts`, with training steps in bfloat16, on one thread. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initRuntime } from '@chorus/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { computeIn } from '../engines.fixture.ts';
import { type Runtime, taskIn, trainings, trainWithStops } from './continued-training.fixture.ts';

let parent: string;
let runtime: Runtime;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-continued-'));
  runtime = initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

it.each(['float32', 'bfloat16'] as const)('continues after a stop, on one thread: %s', async (precision) => {
  const compute = { ...computeIn.tensorflow, compile: true, bfloat16: true };
  const [first] = trainings['AdamW with averages, whose best epoch is kept']!.stages;
  const train = async (stops: number[]) => {
    const task = await taskIn(parent, [{ ...first!, precision }]);
    return trainWithStops(task, runtime, compute, stops);
  };
  const whole = await train([]);
  const { left, steps } = await train([4]);
  expect(steps).toEqual([4, 2]);
  expect(left).toEqual(whole.left);
});
