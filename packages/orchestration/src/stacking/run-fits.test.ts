import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { StackerKind } from '@chorus/models/stackers';
import { StoppedError } from '@chorus/training';
import { expect, it, vi } from 'vitest';
import type { FitTask } from './fit-task.ts';
import { runFits } from './run-fits.ts';

const imageCount = 16;
const labels = Int32Array.from({ length: imageCount }, (_, image) => image % 2);
const logits = [1, 2].map((member) =>
  Float32Array.from(labels, (label, image) => label - 0.5 + Math.sin(image * member)),
);

function fitOf(kind: StackerKind, stop = 0): FitTask {
  const flag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(flag)[0] = stop;
  return { kind, logits, labels, outOfFold: Uint32Array.of(3), classCount: 2, seed: 1, stop: flag };
}

it('gives the results in the order of the fits, and reports each', async () => {
  const done: [number, number][] = [];
  const results = await runFits([fitOf('logistic'), fitOf('mean'), fitOf('weighted')], (...counts) =>
    done.push(counts),
  );
  expect(results.map(({ state }) => state.kind)).toEqual(['logistic', 'mean', 'weighted']);
  expect(done).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});

it('throws the error of a fit, with its class, and starts no further one', async () => {
  const done: number[] = [];
  // The first fit of every thread fails.
  const failing = Array.from({ length: availableParallelism() }, () => fitOf('logistic', 1));
  const fits = [...failing, fitOf('mean'), fitOf('mean')];
  await expect(runFits(fits, (count) => done.push(count))).rejects.toThrow(StoppedError);
  expect(done).toEqual([]);
});

const status = '/proc/self/status';
it.skipIf(!existsSync(status))('leaves no thread (needs /proc)', async () => {
  const threadCount = () => Number(/Threads:\s+(\d+)/.exec(readFileSync(status, 'utf8'))![1]);
  const fits = [fitOf('mean'), fitOf('weighted'), fitOf('mean')];
  await runFits(fits, () => {});
  const before = threadCount();
  for (let round = 0; round < 8; round += 1)
    await Promise.all(Array.from({ length: 6 }, () => runFits(fits, () => {})));
  await vi.waitFor(() => expect(threadCount()).toBeLessThanOrEqual(before));
});
