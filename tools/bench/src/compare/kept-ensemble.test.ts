import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { ArgumentError } from '../arguments.ts';
import { keepResult, keptEnsemble, type ResultSource, readResult } from './kept-ensemble.ts';

const pool = {
  classes: ['cats', 'dogs'],
  train: { paths: ['/a/0.jpg', '/a/1.jpg', '/a/2.jpg'], labels: [0, 1, 1] },
  test: { paths: ['/a/3.jpg'], labels: [1] },
};
const draw = { images: [0, 2], labels: [0, 1], mislabeled: [] };
const options = { seed: 3, changes: { calibration: 'none' }, weights: '/weights' } as const;
const source: ResultSource = {
  ...options,
  ...{ images: ['/a/0.jpg', '/a/2.jpg'], labels: [0, 1], testImages: ['/a/3.jpg'] },
};
const result = {
  probabilities: new Map([['chorus', Float32Array.of(0.25, 0.75)]]),
  ...{ chosen: 'mean', outOfFold: { mean: 0.5 }, implausible: [2], seconds: 7 },
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-ensemble-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('returns a kept result of the same settings and images instead of training', async () => {
  const place = join(folder, 'same');
  expect(await readResult(`${place}.json`, source)).toBeUndefined();
  await keepResult(`${place}.json`, source, result);
  expect(await keptEnsemble(draw, pool, [], { ...options, folder: place })).toEqual(result);
});

test.each<[string, Partial<ResultSource>]>([
  ['changes', { changes: {} }],
  ['weights', { weights: '/others' }],
  ['images', { images: ['/b/0.jpg', '/b/2.jpg'] }],
  ['labels', { labels: [1, 0] }],
  ['testImages', { testImages: ['/b/3.jpg'] }],
  ['seed', { seed: 4 }],
])('refuses a result with other %s', async (name, changes) => {
  const path = join(folder, `${name}.json`);
  await keepResult(path, source, result);
  const reading = readResult(path, { ...source, ...changes });
  await expect(reading).rejects.toThrow(ArgumentError);
  await expect(reading).rejects.toThrow(`${path} has the result of a training with other ${name}; remove this file`);
});

it('refuses a result that does not say what it is of', async () => {
  const path = join(folder, 'unknown.json');
  await writeFile(path, JSON.stringify({ ...result, probabilities: [] }));
  await expect(readResult(path, source)).rejects.toThrow('with other seed, changes, weights, images');
});
