import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ConfigError } from './errors.ts';
import { type Named, prepareCandidates, prepareExperiment } from './prepare.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chorus-prepare-'));
  // A folder with the names of MobileNets' weight files, which are not read.
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

it('lets the options for the data folder take precedence over a file', async () => {
  const { experiment } = await prepare({ assignments: ['data.layout=splits'], layout: 'classes', followLinks: true });
  expect(experiment.data).toMatchObject({ layout: 'classes', followLinks: true });
  expect((await prepare({ assignments: ['data.followLinks=true'] })).experiment.data.followLinks).toBe(true);
  expect((await prepare({})).experiment.data).toMatchObject({ layout: 'auto', followLinks: false });
  await expect(prepare({ layout: 'flat' })).rejects.toThrow(
    /data\.layout: .*"auto".*"classes".*"splits".*received "flat"/,
  );
});

it('compares with the demo as it is: from random weights, whatever weights are named', async () => {
  const named = { preset: 'mobile', data: 'd', base, environment: { CHORUS_WEIGHTS: 'others' }, weights: 'folder' };
  const { experiment, others } = await prepareCandidates(named);
  expect(experiment.weights).toBe(join(base, 'folder'));
  const weights = others.map((one) => [one.preset, 'experiment' in one ? one.experiment.weights : one.obstacle]);
  expect(Object.fromEntries(weights)).toMatchObject({ demo: 'random', full: join(base, 'folder') });
  // Whoever chooses the demo and names weights gets these.
  expect((await prepare({ preset: 'demo', weights: 'folder' })).experiment.weights).toBe(join(base, 'folder'));
});

it("resolves the list of images to exclude against the user's folder", async () => {
  const { experiment } = await prepare({ assignments: ['data.exclude=lists/wrong.csv'] });
  expect(experiment.data.exclude).toBe(join(base, 'lists/wrong.csv'));
  expect((await prepare({})).experiment.data).not.toHaveProperty('exclude');
});

describe('a config file', () => {
  it('in TypeScript is always compiled: no code comes from a cache in the shared temporary folder', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'chorus-shared-'));
    const path = join(base, 'cached.ts');
    await writeFile(path, 'const seed: number = 5;\nexport default { seed };\n');
    const variables = ['TMPDIR', 'JITI_FS_CACHE'] as const;
    const before = variables.map((name) => process.env[name]);
    Object.assign(process.env, { TMPDIR: temporary, JITI_FS_CACHE: 'true' });
    try {
      // Lets jiti write a cache entry and changes it as another user could.
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
      'a reserved key',
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

  it.each(['.json', '.yaml', '.yml', ''])('that ends in "%s" is never executed', async (ending) => {
    const path = join(base, `program${ending}`);
    await writeFile(path, `globalThis.wasExecuted = true;\nmodule.exports = { seed: 5 };\n`);
    await expect(prepare({ file: path })).rejects.toThrow(ending === '.json' ? /not valid JSON/ : /that ends in \.ts/);
    expect(globalThis).not.toHaveProperty('wasExecuted');
    await writeFile(`${path}.cjs`, await readFile(path));
    expect((await prepare({ file: `${path}.cjs` })).experiment.seed).toBe(5);
    // The same text as code: the check above can fail.
    expect(globalThis).toHaveProperty('wasExecuted', true);
    Reflect.deleteProperty(globalThis, 'wasExecuted');
  });

  it('in JSON is refused with the key __proto__', async () => {
    const path = join(base, 'proto.json');
    await writeFile(path, '{"__proto__": {"seed": 5}}');
    await expect(prepare({ file: path })).rejects.toThrow(/__proto__: unknown key; known here: .*seed/);
  });

  it.each(['pipe.json', 'pipe.ts', 'folder.json', 'folder.ts', 'device.json', 'device.ts'])(
    'must be a regular file, not %s',
    async (name) => {
      const path = join(base, name);
      const [kind] = name.split('.') as [string];
      if (kind === 'pipe') execFileSync('mkfifo', [path]);
      else if (kind === 'folder') await mkdir(path);
      else await symlink('/dev/zero', path);
      await expect(prepare({ file: path })).rejects.toThrow(ConfigError);
      await expect(prepare({ file: path })).rejects.toThrow(/(named pipe|folder|device) instead of a regular file/);
    },
  );

  it('must have a known extension', async () => {
    const path = join(base, 'notes.md');
    await writeFile(path, '# Notes');
    await expect(prepare({ file: path })).rejects.toThrow(
      /^Expected a config file that ends in \.ts, .*, \.json; received .*notes\.md\.$/,
    );
  });

  it.each<[string, string, string, RegExp]>([
    [
      'no default export',
      'none.ts',
      'export const seed = 5;',
      /none\.ts: expected a default export, received none; write: export default/,
    ],
    ['no content', 'empty.ts', '', /empty\.ts: expected a default export/],
    ['another default export', 'list.ts', 'export default [1];', /list\.ts: expected an object .*, received an array/],
    ['a function', 'function.ts', 'export default () => ({});', /expected an object .*, received a function/],
    ['a syntax error', 'syntax.ts', 'export default {\n  seed: 5,\n  x y\n};', /syntax\.ts:3:5: Unexpected token/],
    ['a syntax error', 'syntax.js', 'export default {\n  seed: 5,\n  x y\n};', /syntax\.js:3:5: Unexpected token/],
    [
      'a syntax error',
      'syntax.json',
      '{\n  "seed": 5,\n  "x" 4\n}',
      /syntax\.json:3:7: not valid JSON: (?!.* at position)/,
    ],
    ['an unquoted word', 'word.json', '\n seed', /word\.json:2:2: not valid JSON/],
    ['a truncated file', 'short.json', '{\n  "seed": 5', /short\.json:2:\d+: not valid JSON/],
    [
      'a runtime error',
      'throws.ts',
      'const a = {};\nexport default { seed: a.b.c };',
      /throws\.ts:2:\d+: the file threw while it was loaded: Cannot read/,
    ],
    [
      'a missing import',
      'imports.ts',
      "import x from 'no-such-package';\nexport default { x };",
      /imports\.ts.*Cannot find module 'no-such-package'$/,
    ],
    ['an unknown preset', 'preset.json', '{ "preset": "mobil" }', /Unknown preset "mobil"; did you mean mobile\?/],
    ['a preset that is not a string', 'null.json', '{ "preset": null }', /preset: expected a string \(received null\)/],
    [
      'a list of presets',
      'list.json',
      '{ "preset": ["mobile"] }',
      /preset: expected a string \(received \["mobile"\]\)/,
    ],
    [
      'a preset of 100,000 letters',
      'long.json',
      `{ "preset": "${'a'.repeat(1e5)}" }`,
      /^Unknown preset "a{80}"; .{1,200}$/,
    ],
    [
      'a thousand mistakes',
      'mistakes.json',
      JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]))),
      /^.{1,8000}and 980 more mistakes$/s,
    ],
    ['a key of 100,000 letters', 'key.json', `{ "${'k'.repeat(1e5)}": 1 }`, /^.*\n {2}k{80}: unknown key; .{1,2000}$/],
    ['100,000 levels', 'deep.json', '{"a":'.repeat(1e5), /deep\.json: expected at most 64 levels of JSON/],
    ['a misspelled key', 'misspelled.json', '{ "presett": "mobile" }', /presett: unknown key; did you mean "preset"\?/],
    ['a $schema that is not a string', 'address.json', '{ "$schema": 5 }', /\$schema: expected a string/],
  ])('is refused with %s: %s', async (_, name, text, message) => {
    const path = join(base, name);
    await writeFile(path, text);
    const refused = prepare({ preset: 'auto', file: path });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(message);
  });

  const workspace = fileURLToPath(new URL('../../..', import.meta.url));
  it.each<[string, string, string]>([
    ['the root of the workspace', workspace, '@chorus/orchestration'],
    ["a user's own project", tmpdir(), '@chorus/orchestration'],
    ["a user's own project, which installed the command line", tmpdir(), '@chorus/trainer'],
  ])('imports defineConfig in %s', async (_, parent, name) => {
    const folder = await mkdtemp(join(parent, '.chorus-config-'));
    try {
      const path = join(folder, 'chorus.config.ts');
      await writeFile(
        path,
        `import { defineConfig } from '${name}';\nimport { choosePreset } from '@chorus/orchestration/presets';\nexport default defineConfig({ preset: choosePreset('cpu').name, seed: 8 });\n`,
      );
      const { experiment, preset } = await prepare({ preset: 'auto', file: path });
      expect(experiment.seed).toBe(8);
      expect(preset).toMatchObject({ name: 'cpu', reason: 'named in the experiment' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('may be CommonJS', async () => {
    await writeFile(join(base, 'common.cjs'), 'module.exports = { seed: 6 };');
    expect((await prepare({ file: join(base, 'common.cjs') })).experiment.seed).toBe(6);
  });

  it('may name its schema and a preset, but a preset on the command line takes precedence', async () => {
    const path = join(base, 'preset-and-schema.json');
    await writeFile(path, JSON.stringify({ $schema: './experiment.schema.json', preset: 'cpu', seed: 3 }));
    const own = await prepare({ preset: 'auto', file: path });
    expect(own.preset?.name).toBe('cpu');
    expect(own.experiment).toMatchObject({ name: 'cpu', seed: 3 });
    expect((await prepare({ preset: 'mobile', file: path })).experiment.name).toBe('mobile');
    expect((await prepare({ preset: 'auto', file: path, assignments: ['preset=mobile'] })).experiment.name).toBe(
      'mobile',
    );
  });
});

describe('precedence of settings', () => {
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
    ["the environment, relative to the user's folder", () => ({ environment }), 'BASE/env'],
    ['a file', () => ({ environment, file: file() }), 'random'],
    ["an option, relative to the user's folder", () => ({ environment, file: file(), weights: 'w' }), 'BASE/w'],
    ['a name', () => ({ environment, weights: 'imagenet' }), 'imagenet'],
  ])('for weights: %s', async (_, named, expected) => {
    expect((await prepare(named())).experiment.weights).toBe(expected.replace('BASE', base));
  });
});

describe('auto', () => {
  it.each<[string, () => Partial<Named>, string | undefined]>([
    ['MobileNets if there are only weights for them', () => ({ weights: '.' }), 'mobile'],
    [
      'MobileNets at a size that InceptionV3 does not support',
      () => ({ weights: '.', assignments: ['inputSize=64'] }),
      'mobile',
    ],
    ['MobileNets from random weights', () => ({ file: file() }), 'scratch'],
    ['a preset for the weights that take precedence', () => ({ file: file(), weights: 'imagenet' }), 'cpu'],
    [
      'no preset if the user names members',
      () => ({ assignments: ['members=[{"name":"a","backbone":"mobilenet"},{"name":"b","backbone":"mobilenet"}]'] }),
      undefined,
    ],
  ])('chooses %s', async (_, named, expected) => {
    const { preset } = await prepare({ preset: 'auto', ...named() });
    // With a GPU it would prefer the larger one.
    expect(preset?.name === 'full' ? 'cpu' : preset?.name).toBe(expected);
  });

  it.each([
    ['a preset', { preset: 'mobile' }, 'Preset mobile needs images.'],
    ['members', { preset: 'auto', assignments: ['members=[]'] }, 'The experiment needs images.'],
  ])('requires images if %s is given without data', async (_, named, message) => {
    await expect(prepare({ ...named, data: undefined })).rejects.toThrow(ConfigError);
    await expect(prepare({ ...named, data: undefined })).rejects.toThrow(message);
  });
});
