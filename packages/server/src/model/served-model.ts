/** A bundle in worker threads. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';
import { ServerError } from '../errors.ts';
import { bundleVersion } from './bundle-version.ts';
import type { ImageAnswer, ImageContent, ModelFacts, ThreadResults, ThreadStartup, ThreadTask } from './protocol.ts';

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('#classifier-worker');

interface ClassifierThread {
  pool: Piscina<ThreadTask, ThreadResults[ThreadTask['kind']]>;
  runningCount: number;
  /** Whether it has the bundle; piscina replaces a thread that ended by one without. */
  isOpen: boolean;
}

export interface ServedModelOptions {
  startup: Omit<ThreadStartup, 'version'>;
  threadCount: number;
  /** Receives why a thread ended, and why its successor cannot load the bundle, whenever the reason changes. */
  onError(error: unknown): void;
}

interface WaitingImage {
  image: ImageContent;
  resolve(answer: Promise<ImageAnswer>): void;
}

export class ServedModel {
  readonly facts: ModelFacts;
  /** Of the bundle. */
  readonly version: string;
  readonly #threads: readonly ClassifierThread[];
  /** Images that a thread decodes and classifies at a time; the others wait, and are dropped when their request ends. */
  readonly #perThread: number;
  readonly #waiting = new Set<WaitingImage>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #onError: (error: unknown) => void;
  readonly #closing = new AbortController();

  private constructor(
    { facts, version }: { facts: ModelFacts; version: string },
    threads: readonly ClassifierThread[],
    { perThread, onError }: { perThread: number; onError: (error: unknown) => void },
  ) {
    this.facts = facts;
    this.version = version;
    this.#threads = threads;
    this.#perThread = perThread;
    this.#onError = onError;
    for (const thread of threads) thread.pool.on('workerDestroy', () => void this.#reopen(thread));
  }

  /**
   * Loads a bundle into each of the threads, one after another: loading takes more memory than the loaded networks.
   *
   * @throws ServerError for a bundle that cannot be loaded.
   */
  static async open({ startup, threadCount, onError }: ServedModelOptions): Promise<ServedModel> {
    const version = await bundleVersion(startup.bundle);
    // While the networks run on one batch, the next one is decoded.
    const perThread = 2 * startup.batchSize;
    const threads: ClassifierThread[] = [];
    try {
      let facts: ModelFacts | undefined;
      for (let index = 0; index < threadCount; index += 1) {
        const thread = startThread({ ...startup, version }, perThread);
        threads.push(thread);
        const opened = (await thread.pool.run({ kind: 'open' })) as ThreadResults['open'];
        if ('reason' in opened) throw new ServerError(opened.reason);
        facts = opened.facts;
        thread.isOpen = true;
      }
      return new ServedModel({ facts: facts!, version }, threads, { perThread, onError });
    } catch (error) {
      await closeThreads(threads);
      throw error;
    }
  }

  /** Whether a thread can classify images. */
  get isReady(): boolean {
    return this.#threads.some(({ isOpen }) => isOpen);
  }

  /** Images that wait, and that the threads have. */
  get pendingCount(): number {
    return this.#waiting.size + this.#running.size;
  }

  /**
   * Decodes and classifies images.
   *
   * @param images their buffers are transferred to the threads.
   * @param signal ends the call. Images that wait are dropped; one that a thread has cannot be interrupted.
   * @returns one answer per image, in their order.
   * @throws the signal's reason; an Error when a thread ended.
   */
  async classify(images: readonly ImageContent[], signal: AbortSignal): Promise<ImageAnswer[]> {
    signal.throwIfAborted();
    const own: WaitingImage[] = [];
    const answers = images.map((image) => new Promise<ImageAnswer>((resolve) => own.push({ image, resolve })));
    let drop = () => {};
    const aborted = new Promise<never>((_, reject) => {
      drop = () => reject(signal.reason);
    });
    signal.addEventListener('abort', drop, { once: true });
    try {
      for (const waiting of own) this.#waiting.add(waiting);
      this.#startNext();
      return await Promise.race([Promise.all(answers), aborted]);
    } finally {
      signal.removeEventListener('abort', drop);
      // After an abort or an error, the other answers are of no use.
      for (const waiting of own) this.#waiting.delete(waiting);
    }
  }

  /** Ends the threads once they have answered all images. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await closeThreads(this.#threads);
  }

  #startNext(): void {
    for (const waiting of this.#waiting) {
      const open = this.#threads.filter(({ isOpen }) => isOpen);
      const [thread] = open.toSorted((one, other) => one.runningCount - other.runningCount);
      if (thread === undefined || thread.runningCount >= this.#perThread) return;
      this.#waiting.delete(waiting);
      waiting.resolve(this.#run(thread, waiting.image));
    }
  }

  /** Loads the bundle into the successor of a thread that ended. */
  async #reopen(thread: ClassifierThread): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    thread.isOpen = false;
    let reported: string | undefined;
    const report = (error: Error) => {
      if (error.message !== reported) this.#onError(error);
      reported = error.message;
    };
    report(new Error('A worker thread ended, and another one takes its place; its images were not classified.'));
    for (let delayMs = 100; ; delayMs = Math.min(2 * delayMs, 10_000)) {
      try {
        await delay(delayMs, undefined, { signal });
        const opened = (await thread.pool.run({ kind: 'open' })) as ThreadResults['open'];
        if ('facts' in opened) break;
        report(new ServerError(opened.reason));
      } catch (error) {
        if (signal.aborted) return;
        report(error as Error);
      }
    }
    thread.isOpen = true;
    this.#startNext();
  }

  #run(thread: ClassifierThread, image: ImageContent): Promise<ImageAnswer> {
    const { buffer } = image instanceof Uint8Array ? image : image.data;
    const running = thread.pool.run({ kind: 'classify', image }, { transferList: [buffer] }).finally(() => {
      thread.runningCount -= 1;
      this.#running.delete(running);
      this.#startNext();
    });
    thread.runningCount += 1;
    this.#running.add(running);
    return running as Promise<ImageAnswer>;
  }
}

// --- internal ---

function startThread(startup: ThreadStartup, concurrentTasks: number): ClassifierThread {
  const pool = new Piscina<ThreadTask, ThreadResults[ThreadTask['kind']]>({
    filename: pathToFileURL(workerPath).href,
    ...{ minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: concurrentTasks },
    // By default, piscina blocks the thread's event loop between tasks, which delays running ones.
    atomics: 'disabled',
    workerData: startup,
  });
  // A thread that ends while it is idle: `workerDestroy` follows.
  pool.on('error', () => {});
  return { pool, runningCount: 0, isOpen: false };
}

async function closeThreads(threads: readonly ClassifierThread[]): Promise<void> {
  for (const { pool } of threads) {
    try {
      await pool.run({ kind: 'close' });
    } finally {
      await pool.close();
    }
  }
}
