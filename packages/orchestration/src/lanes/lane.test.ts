import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { PredictTask } from '@chorus/training';
import { StopFlag } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { observerFrom } from '../run/observer.ts';
import { Lane } from './lane.ts';

let lane: Lane;
const task = (name: string) => ({ kind: 'predict', name }) as PredictTask;

const compute = { compile: true, bfloat16: false, forward: { engine: 'tensorflow' } } as const;
const startup = { runtime: { device: 'cpu:0' }, compute, stop: new StopFlag().shared } as const;

function createLane(): Lane {
  const entry = fileURLToPath(new URL('./leaving.fixture.mjs', import.meta.url));
  return new Lane(startup, observerFrom(), { entry });
}

beforeAll(() => {
  lane = createLane();
});
afterAll(() => lane.close());

describe('a lane', () => {
  const endings = {
    '37: throw': /out of range/,
    '37: reject': /rejected/,
    '38: exit 0': /exited with code: 0/,
    '38: exit 3': /exited with code: 3/,
  };

  test.each(Object.entries(endings))(
    '%s: fails the task of its thread, and runs the next one',
    async (title, message) => {
      const name = title.slice('37: '.length);
      await expect(lane.run(task(name))).rejects.toThrow(message);
      await expect(lane.run(task('finish'))).resolves.toBeUndefined();
    },
  );

  it('40: fails the task of a thread whose JavaScript heap is full, with advice, and runs the next one', async () => {
    // Threads have the flags of their process; without one, this would need gigabytes.
    setFlagsFromString('--max-old-space-size=64');
    const full = createLane();
    await expect(full.run(task('heap'))).rejects.toThrow(
      /^its thread ran out of memory in the JavaScript heap; allow Node\.js more: NODE_OPTIONS=--max-old-space-size=8192$/,
    );
    await expect(full.run(task('finish'))).resolves.toBeUndefined();
    await full.close();
  });

  it('38: can be closed at any moment while its thread loads', async () => {
    // Node.js 20 aborts the process when a thread is ended during require() of a module.
    const moments = Array.from({ length: 24 }, (_, index) => 60 * index);
    await Promise.all(
      moments.map(async (ms) => {
        const unused = new Lane(startup, observerFrom());
        await delay(ms);
        await unused.close();
      }),
    );
  });

  it('has its device', () => expect(lane.device).toBe('cpu:0'));
});
