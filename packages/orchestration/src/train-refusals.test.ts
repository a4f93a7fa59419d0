import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { classifyError } from './exit-codes.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { at, data, drawData, names, parent, removeRuns, small } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

describe('refused before a run folder is created', () => {
  test.each<[string, () => Partial<ExperimentInput>, RegExp]>([
    [
      'a typo in the data folder',
      () => ({ ...small(), data: { source: at('dta') } }),
      /Cannot read the folder of images .*: no such file or folder/,
    ],
    [
      'a data folder without classes',
      () => ({ ...small(), data: { source: at('weights-only') } }),
      /a folder per class/,
    ],
    [
      'missing weights',
      () => ({ ...small(), weights: at('none') }),
      /Cannot read the folder of weight files .*none: no such file or folder/,
    ],
    [
      'a file under the name of published weights that is not one',
      () => ({ ...small(), weights: at('texts') }),
      /^\S+texts\/mobilenet_5_0_160_tf_no_top\.h5: expected an HDF5 file/,
    ],
    ['a device that does not exist', () => ({ ...small(), workers: [{ device: 'gpu:7' }] }), /no device gpu:7/],
    [
      'too little memory',
      () => ({ ...small(), recipe: { batchSize: 4096 }, inputSize: 1024 }),
      /pixels need .* and training .*; this machine has/,
    ],
    [
      'a class with too few images',
      () => ({ ...small(), stacking: { kind: 'kfold', folds: 20 }, data: { source: data, limitPerClass: 10 } }),
      /Expected at least 22 images of class/,
    ],
    [
      'too many damaged images',
      () => ({ ...small(), data: { source: at('mostly-bad') } }),
      /2 of 12 images in .*mostly-bad cannot be used/,
    ],
  ])('%s', async (_, experiment, message) => {
    await mkdir(at('weights-only'), { recursive: true });
    await mkdir(at('texts'), { recursive: true });
    for (const name of Object.values(names)) await writeFile(join(at('texts'), name), 'This is a text.');
    for (const form of ['discs', 'stars'])
      for (const index of [0, 1, 2, 3, 4, 5]) {
        const path = join(at('mostly-bad'), form, `${index}.png`);
        await mkdir(join(path, '..'), { recursive: true });
        if (index < 5) await cp(join(data, `train/${form}/${form}-0000${index + 2}.png`), path);
        else await writeFile(path, 'This is a text.');
      }
    const run = train(experiment(), { out: at('refused/run') });
    await expect(run).rejects.toThrow(message);
    expect(classifyError(await run.catch((error: unknown) => error)).forUser).toBe(true);
    expect(existsSync(at('refused'))).toBe(false);
    expect((await readdir(parent)).filter((name) => name.startsWith('.') || name.endsWith('.lock'))).toEqual([]);
  });
});

it('36: lets only one of two runs use the same folder; the other one fails before it trains', async () => {
  const quick = { ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } };
  const trained: number[] = [];
  const outcomes = await Promise.allSettled(
    [0, 1].map((run) => train(quick, { out: at('both'), observer: { onMember: () => void trained.push(run) } })),
  );
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = outcomes.findIndex(({ status }) => status === 'rejected');
  expect(String((outcomes[refused] as PromiseRejectedResult).reason)).toMatch(
    /There is already a run in|is in use by process/,
  );
  expect(trained).not.toContain(refused);
});

describe('refused before anything is decoded', () => {
  test.each<[string, () => Partial<ExperimentInput>, RegExp]>([
    [
      'a device that does not exist',
      () => ({ ...small(), workers: [{ device: 'gpu:7' }] }),
      /There is no device gpu:7; this machine has cpu:0/,
    ],
    [
      'a folder without weights',
      () => ({ ...small(), weights: data }),
      /has no weights for member wide \(mobilenet 0\.5\); it has no \.h5 or \.safetensors file/,
    ],
    [
      'missing images',
      () => ({ ...small(), data: { source: at('none') } }),
      /Cannot read the folder of images .*none: no such file or folder/,
    ],
  ])('%s', async (_, experiment, message) => {
    let decoded = false;
    const onDecode = () => {
      decoded = true;
    };
    await expect(train(experiment(), { out: await mkdtemp(at('refused-')), observer: { onDecode } })).rejects.toThrow(
      message,
    );
    expect(decoded).toBe(false);
  });
});
