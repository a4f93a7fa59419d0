/** A lane that is a process of its own: when it crashes or hangs, its task is tried again in a new one. */
import { RuntimeError } from '@chorus/runtime';
import {
  expectTask,
  type LaneObserver,
  type LaneProgress,
  type LaneResult,
  type LaneStartup,
  type LaneTask,
  progressBytes,
  readProgress,
  sharedProgress,
} from '@chorus/training';
import { classifyEnding } from '../supervise/crash.ts';
import { type LaneActivity, mostRestarts, suspectsAmong } from '../supervise/incident.ts';
import { reasonOf } from '../supervise/precautions.ts';
import { unwrapOutcome } from '../thread-errors.ts';
import { copyBack, writtenBy } from './copy-back.ts';
import type { Isolation, LaneIncident } from './isolation.ts';
import type { LaneHost } from './lane-host.ts';
import { LaneProcess, LaneProcessEnd } from './lane-process.ts';
import { LaneWatch } from './lane-watch.ts';
import { sharedMemory, withFiles } from './mapped-values.ts';

export class IsolatedLane implements LaneHost {
  readonly isIsolated = true;
  readonly #startup: Omit<LaneStartup, 'progress'>;
  readonly #observer: LaneObserver;
  readonly #isolation: Isolation;
  readonly #activity: () => LaneActivity;
  #progressPath: string | undefined;
  /** Mapped when the first process starts. */
  #progress = sharedProgress();
  #process: LaneProcess | undefined;

  /** @param options `activity`: what the lane does, by its last events. */
  constructor(
    startup: Omit<LaneStartup, 'progress'>,
    observer: LaneObserver,
    { isolation, activity }: { isolation: Isolation; activity: () => LaneActivity },
  ) {
    this.#startup = startup;
    this.#observer = observer;
    this.#isolation = isolation;
    this.#activity = activity;
  }

  get progress(): LaneProgress {
    return readProgress(this.#progress);
  }

  /**
   * Runs a task, in a new process after each crash, at most {@link mostRestarts} times. A training then continues from its checkpoint.
   *
   * @throws the task's error, with its class and stack; RuntimeError when the process has crashed or hung too often; Error when the process
   * exits by itself.
   */
  async run(task: LaneTask, onStart: (atMs: number) => void): Promise<LaneResult<LaneTask>> {
    const incidents: LaneIncident[] = [];
    for (let attempt = task; ; ) {
      const end = await this.#attempt(attempt, onStart);
      if ('result' in end) return end.result;
      const { incident } = end;
      incidents.push(incident);
      const isRetried = incidents.length <= mostRestarts;
      this.#isolation.onIncident(incident, isRetried ? incidents.length : null);
      if (!isRetried) throw new RuntimeError(reasonOf(incidents));
      // As after a kill of the whole run.
      if (incident.kind === 'killed' && attempt.kind === 'train')
        attempt = { ...attempt, halvings: (attempt.halvings ?? 0) + 1 };
    }
  }

  /** Kills the idle process: it has nothing to write, and a suspended one would not exit by itself. */
  async close(): Promise<void> {
    await this.#process?.kill();
  }

  /** Runs a task once; returns its result, or why the process has ended. */
  async #attempt(
    task: LaneTask,
    onStart: (atMs: number) => void,
  ): Promise<{ result: LaneResult<LaneTask> } | { incident: LaneIncident }> {
    const { files, stop, watchdogSeconds } = this.#isolation;
    const written = new Set(writtenBy(task));
    const message = await withFiles(
      task,
      (buffer) => files.pathOf(buffer),
      (buffer) => written.has(buffer),
    );
    const process = await this.#runningProcess();
    expectTask(this.#progress);
    const watch = new LaneWatch(process, watchdogSeconds, () => ({ ...this.#activity(), progress: this.progress }));
    try {
      const outcome = await process.run(message, onStart);
      return { result: unwrapOutcome(outcome) as LaneResult<LaneTask> };
    } catch (error) {
      if (!(error instanceof LaneProcessEnd) || stop.raised) throw error;
      // Writing a core dump takes long, too; the process then ends by its own signal.
      const isHung = watch.isHung && error.ending.signal === 'SIGKILL';
      const cause = isHung
        ? { kind: 'hung' as const, ending: 'lane' }
        : classifyEnding(error.ending, process.heapShare);
      if (cause === undefined) throw error;
      const lane = { ...this.#activity(), secondsSinceProgress: watch.secondsSinceProgress };
      const suspects = suspectsAmong([lane]);
      return { incident: { atMs: Date.now(), ...cause, process: 'lane', lanes: [lane], suspects } };
    } finally {
      watch.end();
      await copyBack(task, files);
    }
  }

  async #runningProcess(): Promise<LaneProcess> {
    const { files, stopPlace } = this.#isolation;
    if (this.#progressPath === undefined) {
      this.#progressPath = await files.create(progressBytes);
      this.#progress = sharedMemory(this.#progressPath, progressBytes, { isWritable: true });
    }
    if (this.#process !== undefined && !this.#process.hasEnded) return this.#process;
    const { runtime, compute } = this.#startup;
    const progress = { path: this.#progressPath, byteLength: progressBytes };
    this.#process = new LaneProcess(
      { kind: 'start', startup: { runtime, compute }, stop: stopPlace, progress },
      this.#observer,
    );
    return this.#process;
  }
}
