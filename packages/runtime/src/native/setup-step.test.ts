import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runStep, type SetupProgress } from './setup-step.ts';

let folder: string;
let progress: SetupProgress[];
let reported: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-step-'));
  progress = [];
  reported = () => {};
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const onProgress = (one: SetupProgress) => {
  progress.push(one);
  reported();
};

describe('a step', () => {
  it('reports the bytes written: when it begins, while it runs, and when it ends', async () => {
    await writeFile(join(folder, 'before'), 'of another step');
    const work = async () => {
      await mkdir(join(folder, 'inside'));
      await writeFile(join(folder, 'inside', 'file'), Buffer.alloc(1000));
      await new Promise<void>((done) => {
        reported = done;
      });
      await writeFile(join(folder, 'file'), Buffer.alloc(500));
      return 'result';
    };
    const result = await runStep('writing', onProgress, work, { folder, totalBytes: () => 1500 });
    expect(result).toBe('result');
    const common = { step: 'writing', elapsedMs: expect.any(Number) };
    expect(progress).toEqual([
      { state: 'begun', ...common },
      { state: 'running', ...common, writtenBytes: 1000, totalBytes: 1500 },
      { state: 'done', ...common, writtenBytes: 1500, totalBytes: 1500 },
    ]);
  });

  it('reports a failure and throws the error of the work', async () => {
    const error = new Error('no space');
    await expect(runStep('writing', onProgress, () => Promise.reject(error))).rejects.toBe(error);
    expect(progress.map(({ state }) => state)).toEqual(['begun', 'failed']);
  });
});
