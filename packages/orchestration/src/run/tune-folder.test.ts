import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { openDataset } from './dataset.ts';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-tune-'));
  await drawShapes(join(parent, 'a'), { seed: 1, imagesPerClass: { train: 12, validation: 3 } });
  await drawShapes(join(parent, 'b'), { seed: 2, imagesPerClass: { train: 4, validation: 1 } });
  await rename(join(parent, 'a/validation'), join(parent, 'a/val'));
  await rename(join(parent, 'b/train'), join(parent, 'a/test'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

it.each<ExperimentInput['stacking']>([
  { kind: 'holdout', fraction: 0.2 },
  { kind: 'kfold', folds: 3, members: 'refit' },
])('a val folder beside test is used to tune every training, with %o', async (stacking) => {
  const experiment = resolveExperiment({
    inputSize: 32,
    weights: 'random',
    members: [
      { name: 'one', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'two', backbone: 'mobilenet', alpha: 0.5 },
    ],
    ...(stacking === undefined ? {} : { stacking }),
  });
  const { images, split } = await openDataset(experiment, join(parent, 'a'), () => 0, { onDecode() {} });
  const foldersOf = (indices: Iterable<number>) => [
    ...new Set(Array.from(indices, (index) => images[index]!.relativePath.split('/')[0])),
  ];
  expect(split.test).toHaveLength(8);
  expect(foldersOf(split.test)).toEqual(['test']);
  for (const { fit, tune, outOfFold } of split.folds) {
    expect(tune).toHaveLength(6);
    expect(foldersOf(tune)).toEqual(['val']);
    expect(foldersOf([...fit, ...outOfFold])).toEqual(['train']);
    expect(fit.length + outOfFold.length).toBe(24);
  }
});
