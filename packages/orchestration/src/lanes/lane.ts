/** A lane: a worker thread that is pinned to one device and runs one task at a time. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { RuntimeError, releaseFreeMemory } from '@chorus/runtime';
import {
  type ComputeSettings,
  expectTask,
  exposeObserver,
  type LaneObserver,
  type LaneRequest,
  type LaneResult,
  type LaneStartup,
  type LaneTask,
  type Outcome,
  type ReleaseTask,
  readProgress,
  sharedProgress,
} from '@chorus/training';
import { Piscina } from 'piscina';
import type { Heartbeat } from '../supervise/heartbeat.ts';
import type { LaneActivity } from '../supervise/incident.ts';
import { unwrapOutcome } from '../thread-errors.ts';

/** One task on one lane; times in milliseconds since the epoch. */
export interface LaneWork {
  task: string;
  kind: LaneTask['kind'];
  /** When the lane received it. */
  givenAtMs: number;
  /** When the lane's thread started it, with TensorFlow loaded. */
  startedAtMs: number;
  finishedAtMs: number;
}

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('@chorus/training/lane-worker');

export class Lane {
  readonly device: string;
  readonly compute: ComputeSettings;
  /** The tasks so far, including failed ones. */
  readonly work: LaneWork[] = [];
  readonly #pool: Piscina<LaneRequest, Outcome<LaneResult<LaneTask> | null>>;
  readonly #observer: LaneObserver;
  readonly #onTask: () => void;
  readonly #progress = sharedProgress();
  #activity: LaneActivity;
  #keepsModels = false;

  /**
   * @param observer called in this thread with the events of the lane's tasks.
   * @param options `onTask`: called when a task starts and when it has ended, after the lane's `activity` has changed; `entry`: file that
   * the thread runs; only tests pass another one.
   */
  constructor(
    startup: Omit<LaneStartup, 'progress'>,
    observer: LaneObserver,
    { onTask = () => {}, entry = workerPath }: { onTask?: (() => void) | undefined; entry?: string } = {},
  ) {
    this.device = startup.runtime.device;
    this.compute = startup.compute;
    this.#onTask = onTask;
    this.#activity = idle(this.device);
    this.#observer = {
      ...observer,
      onStage: (task, stage) => {
        this.#activity = { ...this.#activity, stage, epochIndex: null, stepIndex: null };
        observer.onStage(task, stage);
      },
      onBatch: (task, batch) => {
        const { stage, epochIndex, stepIndex } = batch;
        this.#activity = { ...this.#activity, stage, epochIndex, stepIndex };
        observer.onBatch(task, batch);
      },
    };
    this.#pool = new Piscina({
      filename: pathToFileURL(entry).href,
      minThreads: 1,
      maxThreads: 1,
      // By default, piscina blocks the thread's event loop between tasks, which delays messages to the observer.
      atomics: 'disabled',
      workerData: { ...startup, progress: this.#progress } satisfies LaneStartup,
    });
  }

  /** What the lane does, for the watchdog. */
  get activity(): Heartbeat['lanes'][number] {
    return { ...this.#activity, progress: readProgress(this.#progress) };
  }

  /**
   * Runs a task.
   *
   * @throws the task's error, with its class and the thread's stack; RuntimeError when the thread's JavaScript heap was full; an Error when
   * the thread ended during the task for another reason, with any exit code.
   */
  async run<Task extends LaneTask>(task: Task): Promise<LaneResult<Task>> {
    if (task.kind !== 'train') this.#keepsModels = true;
    const givenAtMs = Date.now();
    expectTask(this.#progress);
    this.#activity = { ...idle(this.device), task: task.name, kind: task.kind };
    this.#onTask();
    const started = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    try {
      return (await this.#request(task, started.buffer as SharedArrayBuffer)) as LaneResult<Task>;
    } finally {
      const finishedAtMs = Date.now();
      this.#activity = idle(this.device);
      this.#onTask();
      // If the thread ended before it started the task, no time was spent on it.
      const startedAtMs = started[0] === 0 ? finishedAtMs : started[0]!;
      this.work.push({ task: task.name, kind: task.kind, givenAtMs, startedAtMs, finishedAtMs });
    }
  }

  /** Ends the idle thread. Call it only after every `run` has settled: TensorFlow must not be interrupted. */
  async close(): Promise<void> {
    try {
      // TensorFlow's memory belongs to the process: what a thread does not dispose outlives it.
      if (this.#keepsModels)
        await this.#request({ kind: 'release' }, new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    } finally {
      await this.#pool.close();
      releaseFreeMemory();
    }
  }

  async #request(task: LaneTask | ReleaseTask, startedAtMs: SharedArrayBuffer): Promise<LaneResult<LaneTask> | null> {
    const { port, close } = exposeObserver(this.#observer);
    try {
      return unwrapOutcome(await this.#pool.run({ task, observer: port, startedAtMs }, { transferList: [port] }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      throw new RuntimeError(
        'its thread ran out of memory in the JavaScript heap; allow Node.js more: NODE_OPTIONS=--max-old-space-size=8192',
        { cause: error },
      );
    } finally {
      close();
    }
  }
}

// --- internal ---

function idle(device: string): LaneActivity {
  return { device, task: null, kind: null, stage: null, epochIndex: null, stepIndex: null };
}
