/** The bundle that classifies images, which stays loaded for a while between requests. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, JobError, startJob } from '../jobs/job.ts';
import type { ImageAnswer } from '../jobs/messages.ts';
import { Turns } from '../turns.ts';

/** Without a request for this long, the models are released, milliseconds. */
const idleMs = 5 * 60_000;
/** How long it may take to release them, milliseconds. */
const stopGraceMs = 10_000;

interface Waiting {
  answer(answer: ImageAnswer): void;
  fail(error: unknown): void;
}

interface Loaded {
  bundle: string;
  isStopping: boolean;
  job: Job<'classify'>;
  /** Requests without an answer, by their ids. */
  waiting: Map<number, Waiting>;
  ended: Promise<void>;
}

export class LoadedModel {
  readonly #requireIdle: () => void;
  /** An image of another bundle waits for the others, and never gets their answers. */
  readonly #turns = new Turns();
  #loaded: Loaded | undefined;
  #nextId = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @param requireIdle throws while a training runs, whose memory the models would take. */
  constructor(requireIdle: () => void) {
    this.#requireIdle = requireIdle;
  }

  /**
   * Classifies an image, after loading its bundle if another one is loaded.
   *
   * @param bytes of the image's file.
   * @throws JobError when the image cannot be used, or the bundle cannot be loaded; StudioError while a training runs.
   */
  classify(bundle: string, bytes: Uint8Array, explains: boolean): Promise<ImageAnswer> {
    return this.#turns.run(() => this.#classify(bundle, bytes, explains));
  }

  /** Frees the models; images that wait fail. */
  async release(): Promise<void> {
    clearTimeout(this.#idle);
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    loaded.isStopping = true;
    loaded.job.stop(stopGraceMs);
    await loaded.ended;
  }

  async #classify(bundle: string, bytes: Uint8Array, explains: boolean): Promise<ImageAnswer> {
    clearTimeout(this.#idle);
    if (this.#loaded?.bundle !== bundle || this.#loaded.isStopping) await this.release();
    // A training may have been started meanwhile.
    this.#requireIdle();
    this.#loaded ??= this.#load(bundle);
    const { job, waiting } = this.#loaded;
    const path = join(tmpdir(), `chorus-studio-${randomUUID()}`);
    const id = this.#nextId;
    this.#nextId += 1;
    try {
      // Only this user may read it.
      await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
      const answered = new Promise<ImageAnswer>((answer, fail) => {
        waiting.set(id, { answer, fail });
        job.sendImage({ id, path, explains });
      });
      const stopped = job.result.then(() => {
        throw stoppedModel();
      });
      return await Promise.race([answered, stopped]);
    } finally {
      waiting.delete(id);
      await rm(path, { force: true });
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => void this.release(), idleMs).unref();
    }
  }

  #load(bundle: string): Loaded {
    const waiting = new Map<number, Waiting>();
    const job = startJob(
      'classify',
      { bundle },
      {
        onEvent(event) {
          const one = waiting.get(event.id);
          if ('answer' in event) one?.answer(event.answer);
          else one?.fail(new JobError(event.failure));
        },
      },
    );
    const ended = job.ended.then(() => {
      if (this.#loaded?.job === job) this.#loaded = undefined;
    });
    return { bundle, isStopping: false, job, waiting, ended };
  }
}

// --- internal ---

function stoppedModel(): JobError {
  return new JobError({
    message: 'The classifier was stopped, such as by the start of a training; try again.',
    ...{ bug: null, isStopped: true, canResume: false },
  });
}
