import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishFile } from '@chorus/storage';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LatePublishing } from './late-publishing.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-late-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = { firstMs: 2 ** 30, longestMs: 2 ** 30 };

it('repeats until the file can be written', async () => {
  await writeFile(join(folder, 'run'), 'in the way');
  const path = join(folder, 'run/member');
  let attemptCount = 0;
  const late = new LatePublishing({ firstMs: 1, longestMs: 2 });
  const published = new Promise<unknown>((settled) => {
    late.add(async () => {
      attemptCount += 1;
      if (attemptCount === 4) await rm(join(folder, 'run'));
      await publishFile(path, 'weights');
    }, settled);
  });
  expect(await published).toBeUndefined();
  expect(attemptCount).toBe(4);
  expect(await readFile(path, 'utf8')).toBe('weights');
  await late.end();
  expect(attemptCount).toBe(4);
});

it('tries once more at its end, without waiting, and reports the last failure', async () => {
  await writeFile(join(folder, 'run'), 'in the way');
  const late = new LatePublishing(never);
  const settled: unknown[] = [];
  for (const path of ['run/member', 'member'])
    late.add(
      () => publishFile(join(folder, path), 'weights'),
      (error) => void settled.push(error),
    );
  await late.end();
  expect(settled).toHaveLength(2);
  expect(settled).toContain(undefined);
  expect(settled).toContainEqual(
    expect.objectContaining({
      message: `Cannot write ${join(folder, 'run/member')}: a part of the path is not a folder.`,
    }),
  );
});

it('does not repeat after a bug', async () => {
  const late = new LatePublishing({ firstMs: 1, longestMs: 1 });
  const bug = new TypeError('not a number');
  const settled = new Promise((done) => {
    late.add(() => Promise.reject(bug), done);
  });
  expect(await settled).toBe(bug);
});

it('reports at its end what a listener has thrown before', async () => {
  const late = new LatePublishing({ firstMs: 1, longestMs: 1 });
  const bug = new TypeError('not a number');
  await new Promise<void>((called) => {
    late.add(
      () => Promise.resolve(),
      () => {
        // Node.js reports unhandled rejections after the microtasks of this turn.
        setImmediate(called);
        throw bug;
      },
    );
  });
  await expect(late.end()).rejects.toBe(bug);
});
