/** A lane's worker thread: one Piscina with one thread. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { RuntimeError, releaseFreeMemory } from '@chorus/runtime';
import {
  expectTask,
  exposeObserver,
  type LaneObserver,
  type LaneProgress,
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
import { unwrapOutcome } from '../thread-errors.ts';
import type { LaneHost } from './lane-host.ts';

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('@chorus/training/lane-worker');

export class LaneThread implements LaneHost {
  readonly isIsolated = false;
  readonly #pool: Piscina<LaneRequest, Outcome<LaneResult<LaneTask> | null>>;
  readonly #observer: LaneObserver;
  readonly #progress = sharedProgress();
  #keepsModels = false;

  /** @param entry file that the thread runs; only tests pass another one. */
  constructor(startup: Omit<LaneStartup, 'progress'>, observer: LaneObserver, entry = workerPath) {
    this.#observer = observer;
    this.#pool = new Piscina({
      filename: pathToFileURL(entry).href,
      minThreads: 1,
      maxThreads: 1,
      // By default, piscina blocks the thread's event loop between tasks, which delays messages to the observer.
      atomics: 'disabled',
      workerData: { ...startup, progress: this.#progress } satisfies LaneStartup,
    });
  }

  get progress(): LaneProgress {
    return readProgress(this.#progress);
  }

  /**
   * @throws the task's error, with its class and the thread's stack; RuntimeError when the thread's JavaScript heap was full; an Error when
   * the thread ended during the task for another reason, with any exit code.
   */
  async run(task: LaneTask, onStart: (atMs: number) => void): Promise<LaneResult<LaneTask>> {
    if (task.kind !== 'train') this.#keepsModels = true;
    expectTask(this.#progress);
    const started = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    try {
      return (await this.#request(task, started.buffer as SharedArrayBuffer)) as LaneResult<LaneTask>;
    } finally {
      // Not if the thread ended before it started the task.
      if (started[0] !== 0) onStart(started[0]!);
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
