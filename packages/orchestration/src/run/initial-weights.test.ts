import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ModelError } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { adviceOf, ConfigError } from '../errors.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import {
  findInitialWeights,
  isNamedWeights,
  missingWeights,
  publishedFileOf,
  unusableWeights,
  weightSource,
} from './initial-weights.ts';

const wideFile = 'mobilenet_5_0_160_tf_no_top.h5';
const slimFile = 'mobilenet_2_5_128_tf_no_top.h5';

const pretrained = join(import.meta.dirname, '../../../../../shared/data/pretrained');
const hasPretrained = existsSync(pretrained);

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
  it.skipIf(!hasPretrained)(
    'finds the file of each member, with its checksum and a note (needs ../shared)',
    async () => {
      const real = await mkdtemp(join(folder, 'real-'));
      for (const name of [wideFile, slimFile]) await cp(join(pretrained, name), join(real, name));
      const hashOf = async (name: string) => sha256(await readFile(join(real, name)));
      const expected = [
        {
          ...{ kind: 'file', path: join(real, wideFile), sha256: await hashOf(wideFile) },
          note: 'trained at 160 px, used at 128 px',
        },
        { kind: 'file', path: join(real, slimFile), sha256: await hashOf(slimFile) },
      ];
      expect(await findInitialWeights(experimentWith(real), {})).toEqual(expected);
      expect(await findInitialWeights(experimentWith('auto'), { CHORUS_WEIGHTS: real })).toEqual(expected);
      expect(await missingWeights(experimentWith(real), {})).toBeUndefined();
      expect(await unusableWeights(experimentWith(real), {})).toBeUndefined();
    },
  );

  it.skipIf(!hasPretrained)("refuses another backbone's file under the right name (needs ../shared)", async () => {
    const mixed = await mkdtemp(join(folder, 'mixed-'));
    for (const name of [wideFile, slimFile]) await cp(join(pretrained, slimFile), join(mixed, name));
    const error = await findInitialWeights(experimentWith(mixed), {}).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toBe(
      `${join(mixed, wideFile)}: expected weights of mobilenet 0.5, received those of mobilenet 0.25; choose that backbone or another file.`,
    );
    expect(await unusableWeights(experimentWith(mixed), {})).toBe((error as Error).message);
  });

  it('refuses a file that is not HDF5, which only reading it shows', async () => {
    const experiment = experimentWith(folder);
    const error = await findInitialWeights(experiment, {}).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toContain(`${join(folder, wideFile)}: expected an HDF5 file`);
    expect(adviceOf(error)).toEqual({ code: 'weights-folder' });
    expect(await unusableWeights(experiment, {})).toBe((error as Error).message);
    expect(await missingWeights(experiment, {})).toBeUndefined();
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
      () =>
        `${join(folder, 'empty')} has no weights for member wide (mobilenet 0.5); it has no .h5 or .safetensors file.`,
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
    expect(await unusableWeights(experiment, {})).toBe((error as Error).message);
  });
});

describe('weights that cannot be downloaded', () => {
  const fileName = 'tf_efficientnet_lite0.safetensors';
  const withLite = (weights: string) =>
    experimentWith(weights, [
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'lite', backbone: 'efficientnet-lite0' },
    ]);
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(folder, 'cache-'));
    await mkdir(join(cache, 'weights'));
    vi.stubEnv('CHORUS_CACHE', cache);
  });
  afterEach(() => vi.unstubAllEnvs());

  it('are missing, before anything is downloaded; the message says how to write them and where to put them', async () => {
    const onDownload = vi.fn();
    const error = await findInitialWeights(withLite('imagenet'), {}, { onDownload }).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ConfigError);
    expect(adviceOf(error)).toEqual({ code: 'weights-download' });
    const { message } = error as Error;
    expect(message).toBe(
      `Expected weights of efficientnet-lite0 at ${join(cache, 'weights', fileName)}, received none; they cannot be downloaded, because keras-applications does not have this backbone. ` +
        `Write the file with Python (pip install timm safetensors) and move it there: python -c "import timm, safetensors.torch as s; s.save_file(timm.create_model('tf_efficientnet_lite0', pretrained=True).state_dict(), '${fileName}')"`,
    );
    expect(onDownload).not.toHaveBeenCalled();
    expect(await missingWeights(withLite('imagenet'), {})).toBe(message);
    expect(await unusableWeights(withLite('imagenet'), {})).toBe(message);
    expect(await missingWeights(experimentWith('imagenet'), {})).toBeUndefined();
  });

  it('are read from the cache, and refused when they are damaged', async () => {
    await writeFile(join(cache, 'weights', fileName), 'This is a text.');
    expect(await missingWeights(withLite('imagenet'), {})).toBeUndefined();
    expect(await unusableWeights(withLite('imagenet'), {})).toBe(
      `${join(cache, 'weights', fileName)}: expected a safetensors file, received a different file.`,
    );
  });

  it.skipIf(!hasPretrained)('are found in a folder beside .h5 files, and in the cache (needs ../shared)', async () => {
    const real = await mkdtemp(join(folder, 'lite-'));
    for (const name of [fileName, slimFile]) await cp(join(pretrained, name), join(real, name));
    const hash = sha256(await readFile(join(real, fileName)));
    const note = 'trained at 224 px, used at 128 px';
    const [, lite] = await findInitialWeights(withLite(real), {});
    expect(lite).toEqual({ kind: 'file', path: join(real, fileName), sha256: hash, note });
    await cp(join(pretrained, fileName), join(cache, 'weights', fileName));
    const twice = experimentWith('imagenet', [
      { name: 'one', backbone: 'efficientnet-lite0' },
      { name: 'two', backbone: 'efficientnet-lite0' },
    ]);
    const path = join(cache, 'weights', fileName);
    expect(await findInitialWeights(twice, {})).toEqual([
      { kind: 'file', path, sha256: hash, note },
      { kind: 'file', path, sha256: hash, note },
    ]);
    expect(await unusableWeights(twice, {})).toBeUndefined();
  });
});

it('names the published file of a member, which is never missing', async () => {
  const experiment = experimentWith('imagenet');
  expect(await missingWeights(experiment, {})).toBeUndefined();
  const files = experiment.members.map((member) => publishedFileOf(member, experiment));
  expect(files.map(({ file }) => file.name)).toEqual(['mobilenet_5_0_128_tf_no_top.h5', slimFile]);
  expect(files.map(({ trainedSize }) => trainedSize)).toEqual([128, 128]);
});
