/** A lane: a worker thread that is pinned to one device and runs one task at a time. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { releaseFreeMemory } from '@chorus/runtime';
import {
  type ComputeSettings,
  exposeObserver,
  type LaneObserver,
  type LaneRequest,
  type LaneResult,
  type LaneStartup,
  type LaneTask,
  type Outcome,
  type ReleaseTask,
} from '@chorus/training';
import { Piscina } from 'piscina';
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
  #keepsModels = false;

  /**
   * @param observer called in this thread with the events of the lane's tasks.
   * @param entry file that the thread runs; only tests pass another one.
   */
  constructor(startup: LaneStartup, observer: LaneObserver, entry = workerPath) {
    this.device = startup.runtime.device;
    this.compute = startup.compute;
    this.#observer = observer;
    this.#pool = new Piscina({
      filename: pathToFileURL(entry).href,
      minThreads: 1,
      maxThreads: 1,
      // By default, piscina blocks the thread's event loop between tasks, which delays messages to the observer.
      atomics: 'disabled',
      workerData: startup,
    });
  }

  /**
   * Runs a task.
   *
   * @throws the task's error, with its class and the thread's stack; an Error when the thread ended during the task, with any
   * exit code.
   */
  async run<Task extends LaneTask>(task: Task): Promise<LaneResult<Task>> {
    if (task.kind !== 'train') this.#keepsModels = true;
    const givenAtMs = Date.now();
    const started = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    try {
      return (await this.#request(task, started.buffer as SharedArrayBuffer)) as LaneResult<Task>;
    } finally {
      const finishedAtMs = Date.now();
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
    } finally {
      close();
    }
  }
}
