/** Trainings that crash or hang, in real processes, and what their parent makes of it. */
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Ended } from '../commands/chorus.fixture.ts';
import { FaultyRuns, groupOf } from './faulty-runs.fixture.ts';

let runs: FaultyRuns;
/** Predictions of a run without faults. */
let undisturbed: string;

beforeAll(async () => {
  runs = await FaultyRuns.create('cpu:0');
  expect((await runs.train('undisturbed').ended).exitCode).toBe(0);
  undisturbed = await runs.predictionsOf('undisturbed');
});
afterAll(() => runs.remove());

/** A run that ended well after one incident, with the numbers of the undisturbed run. */
async function expectRecovery(run: string, { exitCode, stderr, stdout }: Ended, message: RegExp): Promise<void> {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(message) });
  expect(stderr).not.toContain('    at ');
  const { restarts } = await runs.reportOf(run);
  expect(restarts).toHaveLength(1);
  expect(stdout).toContain(`note: ${restarts[0]!.note}`);
  expect(await runs.predictionsOf(run)).toBe(undisturbed);
}

describe('a training whose process crashes', () => {
  it('39: a crash is named, and the run continues from its checkpoints', async () => {
    const ended = await (await runs.trainWith('crash', { kind: 'SIGSEGV' })).ended;
    await expectRecovery(
      'crash',
      ended,
      /^chorus: The training process crashed in native code \(SIGSEGV\) during slim on cpu:0\. If this repeats, .*\n {2}cpu:0: slim, .*last progress \d+ s earlier\nchorus: It is restarted \(restart 1 of at most 2 for slim\)\.\n$/,
    );
    expect(ended.stdout).toMatch(/slim: continues with all layers, epoch \d, step \d/);
  });

  it('39: only the member fails that crashes again and again; those that ran with it finish', async () => {
    const kind = ['SIGSEGV', 'SIGBUS', 'SIGABRT'];
    const { ended } = await runs.trainWith('culprit', { kind, times: 100 }, ['--workers', 'cpu:1,cpu:2']);
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringMatching(/chorus: It is restarted without slim\.\n$/),
    });
    const { members, restarts } = await runs.reportOf('culprit');
    expect(restarts.map(({ ending }) => ending)).toEqual(kind);
    // The third time, it ran alone.
    expect(restarts[2]!.suspects).toEqual(['slim']);
    expect(members.map(({ name, status }: { name: string; status: string }) => [name, status])).toEqual([
      ['wide', 'done'],
      ['slim', 'failed'],
      ['last', 'done'],
    ]);
    expect(members[1]!.reason).toBe(
      'the training process crashed in native code (SIGABRT) during slim on cpu:1, for the third time',
    );
  });

  it('41: the third kill while nothing trains ends the run, and the report of the resumed run has all three', async () => {
    const { ended } = await runs.trainWith('thrice', { kind: 'SIGKILL', times: 3, during: 'predict' });
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 137,
      stderr: expect.stringMatching(
        /\nchorus: It has been restarted 2 times and is not restarted again\.\nchorus: The run has ended; resume it with --resume .*thrice\n$/,
      ),
    });
    expect((await runs.start(['train', '--resume', 'thrice']).ended).exitCode).toBe(0);
    const { restarts } = await runs.reportOf('thrice');
    expect(restarts.map(({ kind, suspects }) => [kind, suspects])).toEqual(Array(3).fill(['killed', []]));
    expect(await runs.predictionsOf('thrice')).toBe(undisturbed);
  });

  it('41: a kill by the system is named, and the batches are divided', async () => {
    const ended = await (await runs.trainWith('killed', { kind: 'SIGKILL' })).ended;
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(
      /^chorus: The training process was killed \(SIGKILL\), most likely because the system ran out of memory during slim on cpu:0\. If this repeats, start a run with fewer lanes \(--workers cpu:0\), a smaller --set recipe\.microBatchSize=N/,
    );
    const { restarts, members } = await runs.reportOf('killed');
    expect(restarts).toEqual([
      expect.objectContaining({
        kind: 'killed',
        suspects: ['slim'],
        note: expect.stringContaining('training steps of slim processed half as many images at once'),
      }),
    ]);
    expect(members.map(({ status }: { status: string }) => status)).toEqual(['done', 'done', 'done']);
    // Statistics of half batches, but only of one member.
    expect(await runs.predictionsOf('killed')).not.toBe(undisturbed);
  });

  it('40: an overflow of the JavaScript heap is named, and the run continues from its checkpoints', async () => {
    const options = '--max-old-space-size=200';
    const ended = await (await runs.trainWith('heap', { kind: 'main heap', options })).ended;
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(
      /^chorus: The training process was aborted \(SIG\w+\), most likely because its JavaScript heap was full.*\. Allow Node\.js more memory: NODE_OPTIONS=--max-old-space-size=8192\.$/m,
    );
    expect(await runs.predictionsOf('heap')).toBe(undisturbed);
  });
});

describe('a training whose thread ends', () => {
  const endings = {
    '37: throws': ['throw', /^an injected error$/],
    '38: exits with code 0': ['exit', /exited with code: 0/],
    '40: fills its JavaScript heap': [
      'heap',
      /^its thread ran out of memory in the JavaScript heap; allow Node\.js more/,
    ],
  } as const;

  it.each(Object.entries(endings))('%s: its member fails, and the others finish', async (_, [kind, reason]) => {
    const run = `thread-${kind}`;
    const { ended } = await runs.trainWith(run, { kind, options: '--max-old-space-size=200' });
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(3);
    expect(stderr).not.toContain('chorus: It is restarted');
    const { members, restarts } = await runs.reportOf(run);
    expect(restarts).toEqual([]);
    expect(members.map(({ status }: { status: string }) => status)).toEqual(['done', 'failed', 'done']);
    expect(members[1]!.reason).toMatch(reason);
  });
});

// These wait most of the time.
describe.concurrent('a training whose process hangs', () => {
  it.each([
    ['an endless loop', 'spin'],
    ['a wait without end', 'wait'],
  ])('44: %s in a lane is noticed, and the run continues from its checkpoints', async (_, kind) => {
    const run = `hang-${kind}`;
    const started = await runs.trainWith(run, { kind }, ['--set', 'watchdogSeconds=10']);
    const ended = await started.ended;
    await expectRecovery(
      run,
      ended,
      /^chorus: The training process was hung \(no progress of the lane\) during slim on cpu:0\. If a slow machine only needs more time, .*\n {2}cpu:0: slim, all layers, epoch 2, step 1, last progress \d\d s earlier\nchorus: It is restarted \(restart 1 of at most 2 for slim\)\.\n$/,
    );
    expect(groupOf(started.child)).toEqual([]);
  });

  it('44: a suspended process is noticed, and the run continues from its checkpoints', async () => {
    const started = runs.train('suspended', ['--set', 'watchdogSeconds=10']);
    await started.printed('slim: started on cpu:0');
    const [suspended] = groupOf(started.child).filter((one) => one !== started.child.pid);
    process.kill(suspended!, 'SIGSTOP');
    await expectRecovery(
      'suspended',
      await started.ended,
      /^chorus: The training process was hung \(no progress of the main thread\)\. .*\n.*\nchorus: It is restarted \(restart 1 of at most 2\)\.\n$/,
    );
    expect(groupOf(started.child)).toEqual([]);
  });

  it('44: suspending all processes, as a terminal does on Ctrl-Z, is no hang', async () => {
    const started = runs.train('paused', ['--set', 'watchdogSeconds=10']);
    await started.printed('slim: started on cpu:0');
    process.kill(-started.child.pid!, 'SIGSTOP');
    // Longer than the limit of the watchdog.
    await new Promise((resume) => setTimeout(resume, 15_000));
    process.kill(-started.child.pid!, 'SIGCONT');
    expect(await started.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

it('47: a training whose parent is killed stops, says how to resume it, and leaves nothing', async () => {
  const { child, ended, printed } = runs.train('orphaned');
  await printed('slim: started on cpu:0');
  child.kill('SIGKILL');
  expect((await ended).stderr).toBe(`chorus: The run was stopped; resume it with --resume ${runs.at('orphaned')}\n`);
  await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 60_000 });
  expect((await readdir(runs.at('.'))).filter((name) => name.startsWith('orphaned.'))).toEqual([]);
});

describe.concurrent('a hung lane', () => {
  const start = async (run: string) => {
    const fault = { kind: 'spin', task: 'wide', epochIndex: 0 };
    const started = await runs.trainWith(run, fault, ['--set', 'watchdogSeconds=0']);
    await vi.waitFor(async () => expect(await readdir(runs.at(`${run}-marks`))).toHaveLength(1), { timeout: 60_000 });
    return started;
  };

  it('47: does not keep a run that is stopped', async () => {
    const { child, ended } = await start('stopped');
    process.kill(-child.pid!, 'SIGTERM');
    expect(await ended).toMatchObject({
      exitCode: 143,
      stderr: `chorus: The run was killed after SIGTERM; resume it with --resume ${runs.at('stopped')}\n`,
    });
    expect(groupOf(child)).toEqual([]);
  });

  it('does not keep a run that another process has taken over', async () => {
    const { ended } = await start('taken');
    await writeFile(runs.at('taken.owner'), JSON.stringify({ processId: 1, startedAt: null, machine: 'another' }));
    await utimes(runs.at('taken.lock'), new Date(), new Date());
    expect(await ended).toMatchObject({
      exitCode: 2,
      stderr: `chorus: ${runs.at('taken')} was taken over by process 1 while this one was suspended.\n`,
    });
  });

  it('47: does not keep a process whose parent is gone', async () => {
    const { child } = await start('orphan');
    child.kill('SIGKILL');
    // After 10 seconds, with as many again for a busy machine.
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 20_000 });
  });
});
