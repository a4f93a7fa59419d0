import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJiti } from 'jiti';
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

describe('an experiment file', () => {
  it('in TypeScript is compiled anew: no code comes from a cache in the shared temporary folder', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'chorus-shared-'));
    const path = join(base, 'cached.ts');
    await writeFile(path, 'const seed: number = 5;\nexport default { seed };\n');
    const variables = ['TMPDIR', 'JITI_FS_CACHE'] as const;
    const before = variables.map((name) => process.env[name]);
    Object.assign(process.env, { TMPDIR: temporary, JITI_FS_CACHE: 'true' });
    try {
      // What jiti would take for its own transpile: found by letting it write one, then changed as another user could.
      await createJiti(import.meta.url, { fsCache: true, moduleCache: false }).import(path);
      const entries = await readdir(join(temporary, 'jiti'));
      expect(entries).toHaveLength(1);
      const cached = join(temporary, 'jiti', entries[0]!);
      await writeFile(cached, (await readFile(cached, 'utf8')).replace('5', '666'));
      const poisoned = await createJiti(import.meta.url, { fsCache: true, moduleCache: false }).import(path);
      expect(poisoned).toMatchObject({ default: { seed: 666 } });
      expect((await prepare({ file: path })).experiment.seed).toBe(5);
      expect(await readdir(join(temporary, 'jiti'))).toEqual(entries);
    } finally {
      for (const [index, name] of variables.entries())
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      await rm(temporary, { recursive: true, force: true });
    }
  });

  it.each<[string, string, RegExp]>([
    [
      'a key of prototypes',
      'export default JSON.parse(\'{"recipe": {"__proto__": {"batchSize": 4}}}\')',
      /recipe\.__proto__: unknown key/,
    ],
    [
      'a literal with a prototype',
      'export default { recipe: { __proto__: { batchSize: 4 } } }',
      /recipe: expected plain data/,
    ],
  ])('in TypeScript is refused with %s', async (_, text, message) => {
    const path = join(base, `${_.replaceAll(' ', '-')}.ts`);
    await writeFile(path, text);
    await expect(prepare({ file: path })).rejects.toThrow(ConfigError);
    await expect(prepare({ file: path })).rejects.toThrow(message);
  });

  it('in JSON is refused with a key of prototypes', async () => {
    const path = join(base, 'proto.json');
    await writeFile(path, '{"__proto__": {"seed": 5}}');
    await expect(prepare({ file: path })).rejects.toThrow(/__proto__: unknown key; known here: .*seed/);
  });

  it.each(['pipe.json', 'pipe.ts', 'folder.json', 'folder.ts', 'device.json', 'device.ts'])(
    'is a regular file: not %s',
    async (name) => {
      const path = join(base, name);
      const [kind] = name.split('.') as [string];
      if (kind === 'pipe') execFileSync('mkfifo', [path]);
      else if (kind === 'folder') await mkdir(path);
      else await symlink('/dev/zero', path);
      await expect(prepare({ file: path })).rejects.toThrow(ConfigError);
      await expect(prepare({ file: path })).rejects.toThrow(/(named pipe|folder|device), expected a regular file/);
    },
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
    expect(preset?.name === 'full' ? 'cpu' : preset?.name).toBe(expected);
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
