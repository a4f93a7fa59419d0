/** Trainings of the command line in a temporary folder, with injected faults. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@chorus/orchestration';
import { type Started, startChorus } from '../commands/chorus.fixture.ts';

const faultModule = new URL('./fault.fixture.mjs', import.meta.url).href;

const experiment = {
  inputSize: 32,
  data: { source: 'shapes', limitPerClass: 20 },
  weights: 'random',
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    { name: 'last', backbone: 'mobilenet', alpha: 0.25 },
  ],
  // With one step an epoch, the fault would follow a checkpoint, after which a batch may take longer: a hang would be noticed late.
  recipe: { batchSize: 16, whole: { epochCount: 2 } },
  // Compiling takes longer than these few steps.
  runtime: { compile: false },
  checkpointMinutes: 0,
};

/** What `fault.fixture.mjs` injects; by default once, in the second epoch of the member `slim`. */
export interface Fault {
  kind: string | readonly string[];
  /** Kind of the tasks during which it happens in the main thread, instead of at a batch. */
  during?: string;
  task?: string;
  epochIndex?: number;
  times?: number;
  /** Options of Node.js for the process. */
  options?: string;
}

export class FaultyRuns {
  readonly #folder: string;
  readonly #workers: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string, workers: string) {
    this.#folder = folder;
    this.#workers = workers;
  }

  /** @param workers devices of the lanes; a later `--workers` replaces them. */
  static async create(workers: string): Promise<FaultyRuns> {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-faulty-'));
    await writeFile(join(folder, 'small.json'), JSON.stringify(experiment));
    return new FaultyRuns(folder, workers);
  }

  at(name: string): string {
    return join(this.#folder, name);
  }

  train(run: string, words: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Started {
    return this.start(
      ['train', '--config', 'small.json', '--out', run, '--workers', this.#workers, ...words],
      environment,
    );
  }

  start(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
    const started = startChorus(this.#folder, words, { environment });
    this.#children.push(started.child);
    return started;
  }

  /** Trains with a fault. The folder `<run>-marks` has an entry for each time that it has happened. */
  async trainWith(run: string, fault: Fault, words: readonly string[] = []): Promise<Started> {
    const marks = this.at(`${run}-marks`);
    await mkdir(marks);
    const whole = { task: 'slim', epochIndex: 1, times: 1, ...fault, marks };
    return this.train(run, words, {
      CHORUS_TEST_FAULT: JSON.stringify(whole),
      NODE_OPTIONS: `--import=${faultModule} ${fault.options ?? ''}`,
    });
  }

  async reportOf(run: string): Promise<Report> {
    return JSON.parse(await readFile(this.at(`${run}/report.json`), 'utf8')) as Report;
  }

  predictionsOf(run: string): Promise<string> {
    return readFile(this.at(`${run}/predictions.csv`), 'utf8');
  }

  async remove(): Promise<void> {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The processes of a command: its parent and all that this has started. */
export function groupOf(child: ChildProcess): number[] {
  try {
    return execFileSync('pgrep', ['-g', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}
