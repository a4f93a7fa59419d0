/** Trainings that crash or hang, in real processes, and what their parent makes of it. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Ended, type Started, startChorus } from '../commands/chorus.fixture.ts';

const fixture = new URL('./fault.fixture.mjs', import.meta.url).href;
const children: ChildProcess[] = [];
let folder: string;
/** Predictions of a run without faults. */
let undisturbed: string;
const at = (name: string) => join(folder, name);
const predictionsOf = (run: string) => readFile(at(`${run}/predictions.csv`), 'utf8');

const experiment = {
  inputSize: 32,
  data: { source: 'shapes', limitPerClass: 60 },
  weights: 'random',
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    { name: 'last', backbone: 'mobilenet', alpha: 0.25 },
  ],
  recipe: { whole: { epochCount: 3 } },
  // Compiling takes longer than these few steps.
  runtime: { compile: false },
  checkpointMinutes: 0,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-supervision-'));
  await writeFile(at('small.json'), JSON.stringify(experiment));
  expect((await train('undisturbed').ended).exitCode).toBe(0);
  undisturbed = await predictionsOf('undisturbed');
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Fault {
  kind: string;
  task?: string;
  epochIndex?: number;
  times?: number;
  /** Options of Node.js for the process. */
  options?: string;
}

function train(run: string, words: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Started {
  const parameters = ['train', '--config', 'small.json', '--out', run, '--workers', 'cpu:0', ...words];
  const started = startChorus(folder, parameters, { environment });
  children.push(started.child);
  return started;
}

/** Trains with a fault in the second epoch of the member `slim`, once. */
async function trainWith(run: string, fault: Fault, words: readonly string[] = []): Promise<Started> {
  const marks = at(`${run}-marks`);
  await mkdir(marks);
  const whole = { task: 'slim', epochIndex: 1, times: 1, ...fault, marks };
  return train(run, words, {
    CHORUS_TEST_FAULT: JSON.stringify(whole),
    NODE_OPTIONS: `--import=${fixture} ${fault.options ?? ''}`,
  });
}

async function reportOf(run: string) {
  return JSON.parse(await readFile(at(`${run}/report.json`), 'utf8'));
}

function groupOf(child: ChildProcess): number[] {
  try {
    return execFileSync('pgrep', ['-g', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}

/** A run that ended well after one incident, with the numbers of the undisturbed run. */
async function expectRecovery(run: string, { exitCode, stderr, stdout }: Ended, message: RegExp): Promise<void> {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(message) });
  expect(stderr).not.toContain('    at ');
  const { restarts } = await reportOf(run);
  expect(restarts).toHaveLength(1);
  expect(stdout).toContain(`note: ${restarts[0].note}`);
  expect(await predictionsOf(run)).toBe(undisturbed);
}

describe('a training whose process crashes', () => {
  it.each(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGTRAP'])(
    '39: %s is named, and the run continues from its checkpoints',
    async (kind) => {
      const run = `crash-${kind}`;
      const ended = await (await trainWith(run, { kind })).ended;
      await expectRecovery(
        run,
        ended,
        new RegExp(
          `^chorus: The training process crashed in native code \\(${kind}\\) during slim on cpu:0\\. If this repeats, .*\\n {2}cpu:0: slim, all layers, epoch 2, step 1, last progress \\d+ s earlier\\nchorus: It is restarted \\(restart 1 of at most 2 for slim\\)\\.\\n$`,
        ),
      );
      expect(ended.stdout).toMatch(/slim: continues with all layers, epoch \d, step \d/);
    },
  );
});
