import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sha256 } from '@chorus/storage';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { adviceOf, ConfigError } from '../errors.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import {
  findInitialWeights,
  isNamedWeights,
  missingWeights,
  publishedFileOf,
  weightSource,
} from './initial-weights.ts';

const wideFile = 'mobilenet_5_0_160_tf_no_top.h5';
const slimFile = 'mobilenet_2_5_128_tf_no_top.h5';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-initial-weights-'));
  await writeFile(join(folder, wideFile), 'wide');
  await writeFile(join(folder, slimFile), 'slim');
  await writeFile(join(folder, 'notes.txt'), '');
  // macOS writes such a file beside each file on a disk without macOS' own file system.
  await writeFile(join(folder, `._${slimFile}`), '');
  await mkdir(join(folder, 'empty'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const experimentWith = (weights: string, members?: ExperimentInput['members']) =>
  resolveExperiment({
    ...{ weights, inputSize: 128 },
    members: members ?? [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
  });

describe('weightSource', () => {
  test.each<[string, string | undefined, string]>([
    ['random', '/elsewhere', 'random'],
    ['imagenet', '/elsewhere', 'imagenet'],
    ['auto', '/elsewhere', '/elsewhere'],
    ['auto', '', 'imagenet'],
    ['auto', undefined, 'imagenet'],
    ['auto', 'here', resolve('here')],
    ['weights', '/elsewhere', resolve('weights')],
  ])('%s with CHORUS_WEIGHTS %j is %s', (weights, CHORUS_WEIGHTS, source) => {
    expect(weightSource({ weights }, { CHORUS_WEIGHTS })).toBe(source);
  });

  it('has names that are not folders', () => {
    expect(['auto', 'imagenet', 'random', './random', ''].map(isNamedWeights)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('findInitialWeights', () => {
  it('finds the file of each member, with its checksum and a note if it was trained at another size', async () => {
    const expected = [
      {
        ...{ kind: 'file', path: join(folder, wideFile), sha256: sha256(Buffer.from('wide')) },
        note: 'trained at 160 px, used at 128 px',
      },
      { kind: 'file', path: join(folder, slimFile), sha256: sha256(Buffer.from('slim')) },
    ];
    expect(await findInitialWeights(experimentWith(folder), {})).toEqual(expected);
    expect(await findInitialWeights(experimentWith('auto'), { CHORUS_WEIGHTS: folder })).toEqual(expected);
    expect(await missingWeights(experimentWith(folder), {})).toBeUndefined();
  });

  it('finds no files for random weights', async () => {
    expect(await findInitialWeights(experimentWith('random'), {})).toEqual([{ kind: 'random' }, { kind: 'random' }]);
    expect(await missingWeights(experimentWith('random'), {})).toBeUndefined();
  });

  test.each<[string, () => string, ExperimentInput['members'] | undefined, () => string]>([
    [
      'a missing folder',
      () => join(folder, 'none'),
      undefined,
      () => `Cannot read the folder of weight files ${join(folder, 'none')}: no such file or folder.`,
    ],
    [
      'a folder without weight files',
      () => join(folder, 'empty'),
      undefined,
      () => `${join(folder, 'empty')} has no weights for member wide (mobilenet 0.5); it has no .h5 file.`,
    ],
    [
      'a folder without the file of a member',
      () => folder,
      [
        { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
        { name: 'full', backbone: 'mobilenet', alpha: 1 },
      ],
      () => `${folder} has no weights for member full (mobilenet 1); it has`,
    ],
  ])('refuses %s, without falling back to random weights', async (_, weights, members, message) => {
    const experiment = experimentWith(weights(), members);
    const error = await findInitialWeights(experiment, {}).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(message());
    expect((error as Error).message).not.toContain('._');
    expect(adviceOf(error)).toEqual({ code: 'weights-folder' });
    expect(await missingWeights(experiment, {})).toBe((error as Error).message);
  });
});

it('names the published file of a member, which is never missing', async () => {
  const experiment = experimentWith('imagenet');
  expect(await missingWeights(experiment, {})).toBeUndefined();
  const files = experiment.members.map((member) => publishedFileOf(member, experiment));
  expect(files.map(({ file }) => file.name)).toEqual(['mobilenet_5_0_128_tf_no_top.h5', slimFile]);
  expect(files.map(({ trainedSize }) => trainedSize)).toEqual([128, 128]);
});
