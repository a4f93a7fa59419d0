/** One lane: a thread of its own, pinned to one device, that works on one task at a time. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Piscina } from 'piscina';
import { unwrapOutcome } from '../thread-errors.ts';
import type { Outcome } from '../thread-outcome.ts';
import type { LaneObserver, LaneStartup, LaneTask, ReleaseTask } from './protocol.ts';
import type { LaneWork } from './timeline.ts';

/** What a lane's thread is called with. */
export interface LaneRequest {
  task: LaneTask | ReleaseTask;
  /** A comlink-wrapped {@link LaneObserver} listens at the other end. */
  observer: MessagePort;
  /** Float64[1]: the thread writes when it began with the task, milliseconds since the epoch. */
  startedAtMs: SharedArrayBuffer;
}

// The compiled thread entry, the same one from `src` (tests) and from `dist`.
const workerPath = createRequire(import.meta.url).resolve('#lane-worker');

export class Lane {
  readonly device: string;
  /** The tasks so far, failed ones included. */
  readonly work: LaneWork[] = [];
  readonly #pool: Piscina<LaneRequest, Outcome<void>>;
  readonly #observer: LaneObserver;
  #keepsModels = false;

  /**
   * @param observer called in this thread with what the lane's tasks report.
   * @param entry file of the thread; another one in tests only.
   */
  constructor(startup: LaneStartup, observer: LaneObserver, entry = workerPath) {
    this.device = startup.runtime.device;
    this.#observer = observer;
    this.#pool = new Piscina({
      filename: pathToFileURL(entry).href,
      minThreads: 1,
      maxThreads: 1,
      // The default blocks the thread's event loop between tasks, and with it the observer's messages.
      atomics: 'disabled',
      workerData: startup,
    });
  }

  /**
   * Runs a task to its end.
   *
   * @throws what the task threw, of the same class and with the thread's stack; an Error when the thread ended during it,
   * whatever its exit code.
   */
  async run(task: LaneTask): Promise<void> {
    if (task.kind === 'predict' && task.keepAs !== undefined) this.#keepsModels = true;
    const givenAtMs = Date.now();
    const started = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    try {
      await this.#request(task, started.buffer as SharedArrayBuffer);
    } finally {
      const finishedAtMs = Date.now();
      // A thread that ended before it began has worked at nothing.
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
    }
  }

  async #request(task: LaneTask | ReleaseTask, startedAtMs: SharedArrayBuffer): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(this.#observer, nodeEndpoint(port1));
    try {
      unwrapOutcome(await this.#pool.run({ task, observer: port2, startedAtMs }, { transferList: [port2] }));
    } finally {
      port1.close();
    }
  }
}
