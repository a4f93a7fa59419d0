/** Trainings whose lanes are processes: what a crash of one costs, in real processes. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FaultyRuns, groupOf } from './faulty-runs.fixture.ts';

let runs: FaultyRuns;
const isolated = ['--isolate', '--set', 'watchdogSeconds=10'];

beforeAll(async () => {
  runs = await FaultyRuns.create('cpu:1,cpu:2');
  expect((await runs.train('threads').ended).exitCode).toBe(0);
});
afterAll(() => runs.remove());

/** Every file of a bundle with its content. */
async function bundleOf(run: string): Promise<[string, string][]> {
  const folder = runs.at(`${run}/bundle`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    paths.toSorted().map(async (path) => [path.slice(folder.length), await readFile(path, 'base64')] as const),
  ) as Promise<[string, string][]>;
}

/** The epochs of a task that a run has reported, in the order of their ends. */
async function epochsOf(run: string, task: string): Promise<number[]> {
  const lines = (await readFile(runs.at(`${run}/metrics.jsonl`), 'utf8')).trim().split('\n');
  const epochs = lines.map((line) => JSON.parse(line) as { task: string; epochIndex: number });
  return epochs.filter((epoch) => epoch.task === task).map(({ epochIndex }) => epochIndex);
}

/** Checks that a run has the numbers of the run with threads. */
async function expectSameNumbers(run: string): Promise<void> {
  expect(await runs.predictionsOf(run)).toBe(await runs.predictionsOf('threads'));
  expect(await bundleOf(run)).toEqual(await bundleOf('threads'));
}

/** Checks that a command has left no process, and no file through which processes share memory. */
async function expectNothingLeft(run: string, { pid }: ChildProcess): Promise<void> {
  await vi.waitFor(() => expect(groupOf({ pid } as ChildProcess)).toEqual([]), { timeout: 10_000 });
  expect(existsSync(runs.at(`${run}/lane-memory`))).toBe(false);
  if (existsSync('/dev/shm'))
    expect((await readdir('/dev/shm')).filter((name) => name.startsWith('chorus-'))).toEqual([]);
}

describe('isolated lanes', () => {
  it('give the same predictions and the same bundle as threads, and leave nothing', async () => {
    const { child, ended } = runs.train('processes', isolated);
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' });
    await expectSameNumbers('processes');
    await expectNothingLeft('processes', child);
  });

  it('39: process mode: a crash interrupts one training, which continues from its checkpoint', async () => {
    const { child, ended } = await runs.trainWith('crash', { kind: 'SIGSEGV' }, isolated);
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const text = 'the lane process crashed in native code (SIGSEGV) during slim on cpu:2';
    expect(stdout).toContain(
      `slim: warning: ${text}; it is tried again from its checkpoint in a new process (1 of at most 2)\n`,
    );
    expect(stdout).toMatch(/slim: continues with all layers, epoch \d, step \d/);
    expect(stdout).not.toMatch(/(wide|last): continues/);
    expect(await epochsOf('crash', 'wide')).toEqual([0, 1]);
    expect(await epochsOf('crash', 'last')).toEqual([0, 1]);
    const { restarts } = await runs.reportOf('crash');
    expect(restarts).toEqual([
      expect.objectContaining({ kind: 'crashed', process: 'lane', ending: 'SIGSEGV', suspects: ['slim'] }),
    ]);
    expect(restarts[0]!.note).toContain(`${text}. Its task was tried again from its checkpoint.`);
    await expectSameNumbers('crash');
    await expectNothingLeft('crash', child);
  });

  it('39: process mode: only that member fails', async () => {
    const { child, ended } = await runs.trainWith('culprit', { kind: 'SIGSEGV', times: 100 }, isolated);
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    expect(await readdir(runs.at('culprit-marks'))).toHaveLength(3);
    const reason = 'the lane process crashed in native code (SIGSEGV) during slim on cpu:2, for the third time';
    expect(stdout).toContain(`slim: failed: ${reason}\n`);
    const { members, restarts } = await runs.reportOf('culprit');
    expect(restarts).toHaveLength(3);
    expect(members.map(({ name, status }) => [name, status])).toEqual([
      ['wide', 'done'],
      ['slim', 'failed'],
      ['last', 'done'],
    ]);
    expect(members[1]).toMatchObject({ reason });
    expect(await epochsOf('culprit', 'wide')).toEqual([0, 1]);
    expect(await epochsOf('culprit', 'last')).toEqual([0, 1]);
    await expectNothingLeft('culprit', child);
  });

  it('41: process mode: a kill by the system is named, and the batches of its training are divided', async () => {
    const { ended } = await runs.trainWith('killed', { kind: 'SIGKILL' }, isolated);
    expect(await ended).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(
        'the lane process was killed (SIGKILL), most likely because the system ran out of memory during slim on cpu:2',
      ),
    });
    const { restarts } = await runs.reportOf('killed');
    expect(restarts[0]).toMatchObject({
      kind: 'killed',
      note: expect.stringContaining('training steps of slim processed half as many images at once'),
    });
    // Statistics of half batches, but only of one member.
    const columns = async (run: string) => (await bundleOf(run)).filter(([path]) => path.includes('/wide/'));
    expect(await columns('killed')).toEqual(await columns('threads'));
    expect(await runs.predictionsOf('killed')).not.toBe(await runs.predictionsOf('threads'));
  });

  it('38: process mode: an exit is no success, and fails its member', async () => {
    const { ended } = await runs.trainWith('exit', { kind: 'exit' }, isolated);
    expect(await ended).toMatchObject({ exitCode: 3 });
    const { members } = await runs.reportOf('exit');
    expect(members[1]).toMatchObject({ status: 'failed', reason: "the lane's process ended: exit code 0" });
  });

  it.concurrent.each([
    ['an endless loop', 'spin'],
    ['a suspended process', 'SIGSTOP'],
  ])('44: process mode: %s is noticed, and only that training is interrupted', async (_, kind) => {
    const run = `hang-${kind}`;
    const { child, ended } = await runs.trainWith(run, { kind }, isolated);
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('the lane process was hung (no progress of the lane) during slim on cpu:2');
    expect(await epochsOf(run, 'wide')).toEqual([0, 1]);
    await expectSameNumbers(run);
    await expectNothingLeft(run, child);
  });
});

// These wait most of the time.
describe.concurrent('a run with isolated lanes', () => {
  /** Starts a run whose training `slim` hangs in its second epoch, and waits for that. */
  async function hanging(run: string, kind: string) {
    const started = await runs.trainWith(run, { kind }, ['--isolate', '--set', 'watchdogSeconds=0']);
    await vi.waitFor(async () => expect(await readdir(runs.at(`${run}-marks`))).toHaveLength(1), { timeout: 60_000 });
    return started;
  }

  it('47: process mode: stops on Ctrl-C with a checkpoint, and is resumed to the same numbers', async () => {
    const { child, ended, printed } = runs.train('interrupted', isolated);
    await printed('slim: all layers, epoch 1');
    process.kill(-child.pid!, 'SIGINT');
    expect(await ended).toMatchObject({ exitCode: 130 });
    await expectNothingLeft('interrupted', child);
    expect(await runs.start(['train', '--resume', runs.at('interrupted')]).ended).toMatchObject({ exitCode: 0 });
    await expectSameNumbers('interrupted');
  });

  it.each(['spin', 'SIGSTOP'])(
    '47: process mode: a lane that hangs (%s) does not outlive a stopped run',
    async (kind) => {
      const { child, ended } = await hanging(`stopped-${kind}`, kind);
      process.kill(-child.pid!, 'SIGTERM');
      expect(await ended).toMatchObject({ exitCode: 143 });
      await expectNothingLeft(`stopped-${kind}`, child);
    },
  );

  it('47: process mode: leaves nothing when its parent is killed', async () => {
    const { child, ended } = await hanging('orphan', 'spin');
    child.kill('SIGKILL');
    // The pipes are open until the last process has ended.
    await ended;
    await expectNothingLeft('orphan', child);
  });

  it('39: process mode: continues when the process that trains is killed, with new lanes', async () => {
    const { child, ended } = await hanging('main-killed', 'SIGSTOP');
    const [, main] = groupOf(child);
    process.kill(main!, 'SIGKILL');
    expect(await ended).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(
        /^chorus: The training process was killed \(SIGKILL\), most likely because the system ran out of memory\. /,
      ),
    });
    await expectSameNumbers('main-killed');
    await expectNothingLeft('main-killed', child);
  });
});
