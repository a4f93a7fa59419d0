import { appendFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { demo } from '../experiment/presets/demo.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { EventFile } from '../tensorboard/event-file.ts';
import { compareRuns, describeRun, listRuns, removeRun } from './past-runs.ts';
import { openRunFolder } from './run-folder.ts';

let parent: string;
const at = (name: string) => join(parent, name);

/** A newly started run. */
async function startRun(name: string, overrides: object = {}): Promise<void> {
  const folder = await openRunFolder(at(name), 'new');
  await folder.writeStart({
    schemaVersion: 3,
    preset: 'demo',
    versions: {},
    forward: 'tensorflow',
    datasetFingerprint: 'a',
    experiment: resolveExperiment(demo, overrides),
  });
  await folder.release();
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-runs-'));
  await startRun('one');
  await startRun('two', { seed: 2, recipe: { batchSize: 16 } });
  await mkdir(at('photos'));
  await writeFile(at('photos/experiment.json'), '{"a": 1}');
  await mkdir(at('empty'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('listRuns', () => {
  it('lists run folders and nothing else', async () => {
    const runs = await listRuns(parent);
    expect(runs.map(({ name }) => name).toSorted()).toEqual(['one', 'two']);
    expect(runs[0]).toMatchObject({ preset: 'demo', state: 'stopped', accuracy: null });
    await expect(listRuns(at('none'))).rejects.toThrow(
      `Cannot list the runs in ${at('none')}: no such file or folder.`,
    );
  });

  it('reports a run that a process has locked as running', async () => {
    const lock = await tryLock(at('one'));
    expect((await describeRun(at('one'))).state).toBe('running');
    await lock.release();
    expect((await describeRun(at('one'))).state).toBe('stopped');
  });

  it('counts a file with two hard links once', async () => {
    const before = (await describeRun(at('one'))).bytes;
    await writeFile(at('one/members/a'), 'x'.repeat(1000));
    await (await import('node:fs/promises')).link(at('one/members/a'), at('one/members/b'));
    expect((await describeRun(at('one'))).bytes).toBe(before + 1000);
  });
});

it('compareRuns refuses a run without a report, and names the first', async () => {
  // Reading it takes longer than reading the other one.
  await appendFile(at('one/experiment.json'), ' '.repeat(4_000_000));
  const compared = compareRuns([at('one'), at('two')]);
  await expect(compared).rejects.toThrow(ConfigError);
  await expect(compared).rejects.toThrow(/Cannot compare .*one: it has no report/);
});

describe('reports', () => {
  const finished = { bestMember: 'a', stackers: [{ chosen: true, test: { accuracy: 0.75 } }] };
  it.each([
    ['of an earlier version', { schemaVersion: 2, ...finished }, 'finished', 0.75],
    ['of a run with too few members', { schemaVersion: 3, bestMember: null, stackers: [] }, 'failed', null],
    ['of an unknown kind', { schemaVersion: 9 }, 'unknown', null],
    ['that is damaged', '{', 'unknown', null],
  ])('%s', async (_, report, state, accuracy) => {
    await writeFile(at('one/report.json'), typeof report === 'string' ? report : JSON.stringify(report));
    expect(await describeRun(at('one'))).toMatchObject({ state, accuracy, memberCount: 0 });
  });
});

describe('removeRun', () => {
  it('removes a run folder', async () => {
    for (const name of ['predictions.csv', 'label-issues.csv']) await writeFile(at(`one/${name}`), 'path\n');
    expect(await removeRun(at('one'))).toEqual([]);
    expect((await readdir(parent)).toSorted()).toEqual(['empty', 'photos', 'two']);
  });

  it("leaves the user's own files and their folder", async () => {
    await writeFile(at('one/notes.txt'), 'mine');
    expect(await removeRun(at('one'))).toEqual(['notes.txt']);
    expect(await readdir(at('one'))).toEqual(['notes.txt']);
  });

  it("removes members, student, bundle and what a killed process left, but none of the user's files in them", async () => {
    for (const folder of [
      'members/wide/holdout',
      'student',
      'bundle/members/wide',
      'bundle/mine',
      '.bundle.tmp-12-0123abcd',
      'checkpoints/wide/fold-2/checkpoint-3',
      'checkpoints/wide/fold-2/.checkpoint-4.tmp-12-0123abcd',
    ])
      await mkdir(at(`one/${folder}`), { recursive: true });
    const sum = '0'.repeat(64);
    const written = {
      'members/wide/holdout/member.json': '{}',
      'members/wide/holdout/weights.bin': '',
      'members/wide/holdout/out-of-fold-views.f32': '',
      'members/wide/holdout/SHA256SUMS': '',
      'checkpoints/wide/fold-2/checkpoint-3/checkpoint.json': '{}',
      'checkpoints/wide/fold-2/checkpoint-3/copy-0.bin': '',
      'checkpoints/wide/fold-2/checkpoint-3/SHA256SUMS': '',
      'checkpoints/wide/fold-2/.checkpoint-4.tmp-12-0123abcd/weights.bin': '',
      'student/member.json': '{}',
      'student/weights.bin': '',
      'bundle/bundle.json': '{}',
      'bundle/members/wide/1.bin': '',
      'bundle/SHA256SUMS': `${sum}  bundle.json\n${sum}  members/wide/1.bin\n`,
    };
    for (const [file, content] of Object.entries(written)) await writeFile(at(`one/${file}`), content);
    for (const file of ['members/wide/notes.txt', 'bundle/mine/model.py']) await writeFile(at(`one/${file}`), 'mine');
    expect(await removeRun(at('one'))).toEqual(['bundle/mine/model.py', 'members/wide/notes.txt']);
    expect((await readdir(at('one'))).toSorted()).toEqual(['bundle', 'members']);
  });

  it('removes the logs for TensorBoard, but none of other programs', async () => {
    const log = new EventFile(at('one/tensorboard/wide/fold-1'), (message) => expect.unreachable(message));
    log.append(() => []);
    await log.close();
    expect(await readdir(at('one/tensorboard/wide/fold-1'))).toHaveLength(1);
    await mkdir(at('one/tensorboard/mine'));
    await writeFile(at('one/tensorboard/mine/events.out.tfevents.1700000000.host.12.0'), '');
    expect(await removeRun(at('one'))).toEqual(['tensorboard/mine/events.out.tfevents.1700000000.host.12.0']);
    expect(await readdir(at('one/tensorboard'))).toEqual(['mine']);
  });

  it('refuses a folder that is not a run, a link to a run, and a run in use', async () => {
    await symlink(at('one'), at('link'));
    for (const name of ['photos', 'empty', 'nowhere', 'link'])
      await expect(removeRun(at(name))).rejects.toThrow(/is (not a|a link, not a) run folder/);
    const lock = await tryLock(at('one'));
    await expect(removeRun(at('one'))).rejects.toThrow(/in use by process/);
    await lock.release();
    expect((await listRuns(parent)).map(({ name }) => name)).toContain('one');
    expect((await readdir(at('photos'))).length).toBe(1);
  });
});
