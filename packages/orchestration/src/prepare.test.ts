import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ConfigError } from './errors.ts';
import { type Named, prepareExperiment } from './prepare.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chorus-prepare-'));
  // A folder of MobileNets' weights by their names; nothing is read of them here.
  for (const name of ['v2_weights_tf_dim_ordering_tf_kernels_1.0_160_no_top', '1_0_160_tf_no_top', '7_5_160_tf_no_top'])
    await writeFile(join(base, `mobilenet_${name}.h5`), '');
  await writeFile(
    join(base, 'file.json'),
    JSON.stringify({ seed: 1, workers: [{ device: 'cpu:3' }], weights: 'random' }),
  );
});
afterAll(() => rm(base, { recursive: true, force: true }));

const prepare = (named: Partial<Named>) =>
  prepareExperiment({ preset: 'mobile', data: 'd', base, environment: {}, ...named });
const file = () => join(base, 'file.json');
const devices = (experiment: { workers: 'auto' | { device: string }[] }) =>
  experiment.workers === 'auto' ? 'auto' : experiment.workers.map(({ device }) => device).join();

it('reads the data folder as the options say, over a file', async () => {
  const { experiment } = await prepare({ assignments: ['data.layout=splits'], layout: 'classes', followLinks: true });
  expect(experiment.data).toMatchObject({ layout: 'classes', followLinks: true });
  expect((await prepare({ assignments: ['data.followLinks=true'] })).experiment.data.followLinks).toBe(true);
  expect((await prepare({})).experiment.data).toMatchObject({ layout: 'auto', followLinks: false });
  await expect(prepare({ layout: 'flat' })).rejects.toThrow(
    /data\.layout: .*"auto".*"classes".*"splits".*received "flat"/,
  );
});

describe('which of several places wins', () => {
  const assignments = ['workers=[{"device":"cpu:2"}]', 'seed=2'];
  const environment = { CHORUS_WORKERS: 'cpu:1', CHORUS_WEIGHTS: 'env' };
  test.each<[string, () => Partial<Named>, string]>([
    ['nothing', () => ({}), 'auto'],
    ['the environment', () => ({ environment }), 'cpu:1'],
    ['an empty variable', () => ({ environment: { CHORUS_WORKERS: '' } }), 'auto'],
    ['a file over the environment', () => ({ environment, file: file() }), 'cpu:3'],
    ['an assignment over a file', () => ({ environment, file: file(), assignments }), 'cpu:2'],
    ['an option over all', () => ({ environment, file: file(), assignments, workers: 'cpu:0' }), 'cpu:0'],
  ])('for workers: %s', async (_, named, expected) => {
    expect(devices((await prepare(named())).experiment)).toBe(expected);
  });

  test.each<[string, () => Partial<Named>, string]>([
    ['nothing', () => ({}), 'auto'],
    ['the environment, from where the user is', () => ({ environment }), 'BASE/env'],
    ['a file', () => ({ environment, file: file() }), 'random'],
    ['an option, from where the user is', () => ({ environment, file: file(), weights: 'w' }), 'BASE/w'],
    ['a name', () => ({ environment, weights: 'imagenet' }), 'imagenet'],
  ])('for weights: %s', async (_, named, expected) => {
    expect((await prepare(named())).experiment.weights).toBe(expected.replace('BASE', base));
  });
});

describe('auto', () => {
  it.each<[string, () => Partial<Named>, string | undefined]>([
    ['MobileNets where only their weights are there', () => ({ weights: '.' }), 'mobile'],
    ['and at a size that InceptionV3 has not', () => ({ weights: '.', assignments: ['inputSize=64'] }), 'mobile'],
    ['MobileNets from random weights', () => ({ file: file() }), 'mobile'],
    ['what fits the weights that win, not those that lost', () => ({ file: file(), weights: 'imagenet' }), 'cpu'],
    [
      'no preset for members of the user',
      () => ({ assignments: ['members=[{"name":"a","backbone":"mobilenet"},{"name":"b","backbone":"mobilenet"}]'] }),
      undefined,
    ],
  ])('takes %s', async (_, named, expected) => {
    const { preset } = await prepare({ preset: 'auto', ...named() });
    // With a GPU it would prefer the larger one.
    expect(preset?.name === 'sound' ? 'cpu' : preset?.name).toBe(expected);
  });

  it.each([
    ['a preset', { preset: 'mobile' }, 'Preset mobile needs images: name a folder with --data DIR'],
    [
      'members',
      { preset: 'auto', assignments: ['members=[]'] },
      'The experiment needs images: name a folder with --data DIR',
    ],
  ])('asks for images where %s was named without', async (_, named, message) => {
    await expect(prepare({ ...named, data: undefined })).rejects.toThrow(ConfigError);
    await expect(prepare({ ...named, data: undefined })).rejects.toThrow(message);
  });
});
