import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { demo } from '../experiment/presets/demo.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { openRunFolder, readRunStart, requireNewRunFolder, runOwner } from './run-folder.ts';

let parent: string;
const path = () => join(parent, 'run/experiment.json');

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-run-folder-'));
  const folder = await openRunFolder(join(parent, 'run'), 'new');
  const experiment = resolveExperiment(demo);
  await folder.writeStart({
    ...{ schemaVersion: 3, preset: 'demo', versions: {}, forward: 'tensorflow', datasetFingerprint: 'a' },
    experiment,
  });
  await folder.release();
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function editRecipe(change: (recipe: Record<string, unknown>) => void): Promise<void> {
  const start = JSON.parse(await readFile(path(), 'utf8'));
  change(start.experiment.recipe);
  await writeFile(path(), JSON.stringify(start));
}

it.each([
  [true, 'flip'],
  [false, 'none'],
])('a run of an earlier version with recipe.flip %j has the augmentation %s', async (flip, augmentation) => {
  await editRecipe((recipe) => {
    delete recipe.augmentation;
    recipe.flip = flip;
  });
  const { experiment } = await readRunStart(join(parent, 'run'));
  expect(experiment.recipe).toMatchObject({ augmentation });
  expect(experiment.recipe).not.toHaveProperty('flip');
});

it('a run of an earlier version without recipe.imbalance leaves classes as they are', async () => {
  await editRecipe((recipe) => {
    delete recipe.imbalance;
  });
  expect((await readRunStart(join(parent, 'run'))).experiment.recipe.imbalance).toBe('none');
});

it('to resume, it loses what killed processes have left in it, and keeps everything else', async () => {
  const run = join(parent, 'run');
  // No process has this id: Linux has at most 2 ** 22 of them.
  const left = `tmp-${2 ** 30}-00000000`;
  const leftOvers = [
    `.bundle.${left}`,
    `members/wide/.fold-1.${left}`,
    `checkpoints/wide/fold-1/.checkpoint-2.${left}`,
  ];
  const others = [
    'checkpoints/wide/fold-1/checkpoint-1',
    'members/wide/fold-2',
    '.git',
    `.x.tmp-${process.pid}-00000000`,
  ];
  for (const name of [...leftOvers, ...others]) await mkdir(join(run, name), { recursive: true });
  await writeFile(join(run, `.report.json.${left}`), 'half');
  await (await openRunFolder(run, 'resume')).release();
  for (const name of [...leftOvers, `.report.json.${left}`]) expect(existsSync(join(run, name))).toBe(false);
  for (const name of [...others, 'experiment.json']) expect(existsSync(join(run, name))).toBe(true);
});

it('36: is in use under each of its names: a link to it has the same lock', async () => {
  const [run, link] = [join(parent, 'run'), join(parent, 'link')];
  await symlink('run', link);
  for (const [used, other] of [
    [run, link],
    [link, run],
  ] as const) {
    const folder = await openRunFolder(used, 'resume');
    expect(await runOwner(other)).toBe(process.pid);
    await expect(openRunFolder(other, 'resume')).rejects.toThrow(/run is in use by process/);
    await folder.release();
    expect(await runOwner(other)).toBeUndefined();
  }
  expect((await readdir(parent)).toSorted()).toEqual(['link', 'run']);
});

it('the error for a folder without a run names the runs in it, or else the one that contains it', async () => {
  const run = join(parent, 'run');
  await mkdir(join(run, 'members'), { recursive: true });
  await expect(readRunStart(parent)).rejects.toThrow(/It contains the run run\.$/);
  await writeFile(join(parent, 'experiment.json'), '{}');
  await mkdir(join(parent, 'seeds'));
  await rename(run, join(parent, 'seeds/seed-0'));
  await expect(readRunStart(join(parent, 'seeds'))).rejects.toThrow(/It contains the run seed-0\.$/);
  await expect(readRunStart(join(parent, 'seeds/seed-0/members'))).rejects.toThrow(
    /Did you mean .*\/seed-0, which contains members\?$/,
  );
  await expect(readRunStart(join(parent, 'missing'))).rejects.toThrow(/no such file or folder\.$/);
});

it('a file that is null is refused', async () => {
  await writeFile(path(), 'null');
  await expect(readRunStart(join(parent, 'run'))).rejects.toThrow(ConfigError);
});

it.each([
  ['an unknown key', { flop: true }],
  ['a flip that is no boolean', { flip: 'yes' }],
])('%s is refused', async (_, keys) => {
  await editRecipe((recipe) => Object.assign(recipe, keys));
  await expect(readRunStart(join(parent, 'run'))).rejects.toThrow(ConfigError);
});

describe('a new run', () => {
  const folder = () => join(parent, 'run');
  const put = async (name: string, content = 'x') => {
    await mkdir(dirname(join(folder(), name)), { recursive: true });
    await writeFile(join(folder(), name), content);
  };

  it('replaces one in the same folder that ended before it trained anything, and leaves other files', async () => {
    for (const name of ['plan.json', 'report.json', 'notes.txt']) await put(name);
    await put('metrics.jsonl', '');
    await mkdir(join(folder(), 'members/wide'), { recursive: true });
    await requireNewRunFolder(folder());
    const again = await openRunFolder(folder(), 'new');
    await again.release();
    expect(await readdir(folder())).toEqual(['notes.txt']);
  });

  it.each(['metrics.jsonl', 'members/wide/holdout/member.json', 'checkpoints/a/all/checkpoint-1/x.bin', 'bundle/x'])(
    'does not replace one that has left %s',
    async (name) => {
      await put(name);
      await expect(requireNewRunFolder(folder())).rejects.toThrow(`There is already a run in ${folder()}.`);
      await expect(openRunFolder(folder(), 'new')).rejects.toThrow(ConfigError);
      expect(await readFile(join(folder(), name), 'utf8')).toBe('x');
    },
  );

  it('does not replace one that is running', async () => {
    const running = await openRunFolder(folder(), 'resume');
    await expect(requireNewRunFolder(folder())).rejects.toThrow(ConfigError);
    await expect(openRunFolder(folder(), 'new')).rejects.toThrow(/in use by process/);
    await running.release();
    await readRunStart(folder());
  });

  it('does not replace an experiment.json that no run wrote', async () => {
    await writeFile(path(), '{}');
    await expect(requireNewRunFolder(folder())).rejects.toThrow(ConfigError);
    await expect(openRunFolder(folder(), 'new')).rejects.toThrow(ConfigError);
    expect(await readFile(path(), 'utf8')).toBe('{}');
  });
});
