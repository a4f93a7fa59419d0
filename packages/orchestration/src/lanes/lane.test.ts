import { fileURLToPath } from 'node:url';
import type { PredictTask } from '@chorus/training';
import { StopFlag } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { observerFrom } from '../run/observer.ts';
import { Lane } from './lane.ts';

let lane: Lane;
const task = (name: string) => ({ kind: 'predict', name }) as PredictTask;

beforeAll(() => {
  const compute = { compile: true, bfloat16: false, forward: { engine: 'tensorflow' } } as const;
  const startup = { runtime: { device: 'cpu:0' }, compute, stop: new StopFlag().shared } as const;
  lane = new Lane(startup, observerFrom(), {
    entry: fileURLToPath(new URL('./leaving.fixture.mjs', import.meta.url)),
  });
});
afterAll(() => lane.close());

describe('a lane', () => {
  test.each([
    ['exit 0', /exited with code: 0/],
    ['exit 3', /exited with code: 3/],
    ['throw', /out of range/],
  ])('fails the task of a thread that ends with %s, and runs the next one', async (name, message) => {
    await expect(lane.run(task(name))).rejects.toThrow(message);
    await expect(lane.run(task('finish'))).resolves.toBeUndefined();
  });

  it('has its device', () => expect(lane.device).toBe('cpu:0'));
});
