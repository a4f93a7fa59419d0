/** The checkpoints of one training: when they are taken, which are kept, and from which it continues. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  reading,
  removeUnfinished,
  StorageError,
  UnreadableFileError,
  UnwritableError,
  writing,
} from '@chorus/storage';
import { planDifference } from '../plan-difference.ts';
import type { CheckpointSettings } from '../protocol.ts';
import type { TrainedPlan } from '../trained-plan.ts';
import {
  type Checkpoint,
  readCheckpoint,
  type TensorGroups,
  type TrainingState,
  writeCheckpoint,
} from './checkpoint-folder.ts';

export interface CheckpointEvents {
  /** Called with a message when a checkpoint cannot be used or written. */
  warn(message: string): void;
  /** The current time in milliseconds since the Unix epoch; by default that of the system. */
  now?(): number;
}

export class TrainingCheckpoints {
  /** The newest undamaged one of the same plan, to continue from. */
  readonly newest: Checkpoint | undefined;
  readonly #folder: string;
  readonly #intervalMs: number;
  readonly #plan: TrainedPlan;
  readonly #warn: (message: string) => void;
  /** Why the last attempt to save failed; said once, until it succeeds. */
  #failure: string | undefined;
  /** Training time in earlier parts of the run. */
  readonly #earlierSeconds: number;
  readonly #now: () => number;
  readonly #openedAtMs: number;
  #nextNumber: number;
  /** Paths, the newest last. */
  readonly #kept: string[];
  /** Paths of damaged ones, and of those of another plan. */
  readonly #unusable: string[];
  /** The place of the last one in the training. */
  #savedPlace: string;
  #lastAtMs: number;
  #lastCostMs = 0;

  private constructor(
    settings: CheckpointSettings,
    plan: TrainedPlan,
    { warn, now = Date.now }: CheckpointEvents,
    found: Found,
  ) {
    this.newest = found.newest;
    this.#folder = settings.folder;
    this.#intervalMs = 1000 * settings.intervalSeconds;
    this.#plan = plan;
    this.#warn = warn;
    this.#earlierSeconds = found.newest?.state.seconds ?? 0;
    this.#nextNumber = found.nextNumber;
    this.#kept = found.kept;
    this.#unusable = found.unusable;
    this.#now = now;
    this.#openedAtMs = now();
    this.#lastAtMs = this.#openedAtMs;
    this.#savedPlace = placeOf(found.newest?.state ?? { stageIndex: 0, stage: null, retry: null });
  }

  /** Looks for the checkpoints of a training. If they cannot be read, a warning says so, and the training starts from the beginning. */
  static async open(
    settings: CheckpointSettings,
    plan: TrainedPlan,
    events: CheckpointEvents,
  ): Promise<TrainingCheckpoints> {
    const found = await find(settings.folder, plan, events.warn).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      events.warn(`Its checkpoints are not used: ${error.message} The training starts from the beginning.`);
      return { newest: undefined, nextNumber: 1, kept: [], unusable: [] };
    });
    return new TrainingCheckpoints(settings, plan, events, found);
  }

  /** Training time so far in seconds, with that before the run was resumed. */
  get seconds(): number {
    return this.#earlierSeconds + (this.#now() - this.#openedAtMs) / 1000;
  }

  /** Whether the interval has passed, and a checkpoint that takes as long as the last one would take at most 2 % of the time. */
  get isDue(): boolean {
    return this.#now() - this.#lastAtMs >= Math.max(this.#intervalMs, this.#lastCostMs / mostShare);
  }

  /**
   * Publishes a checkpoint, unless there is one of the same place, and removes all but it and the one before. Where it cannot be
   * written, a warning says so, and the training goes on.
   *
   * @param groups as for `writeCheckpoint`.
   */
  async save(state: Omit<TrainingState, 'seconds'>, groups: TensorGroups): Promise<void> {
    if (placeOf(state) === this.#savedPlace) return;
    const startedAtMs = this.#now();
    const path = join(this.#folder, `checkpoint-${this.#nextNumber}`);
    // A failed attempt may have taken the name: the disk may fail after the rename.
    this.#nextNumber += 1;
    try {
      await writeCheckpoint(path, { plan: this.#plan, state: { ...state, seconds: this.seconds }, groups });
      this.#savedPlace = placeOf(state);
      this.#kept.push(path);
      this.#failure = undefined;
      for (const old of [...this.#unusable.splice(0), ...this.#kept.splice(0, this.#kept.length - keptCount)])
        await this.#discard(old);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // The number in its path differs from attempt to attempt.
      const reason = error instanceof UnwritableError ? error.code : error.message;
      if (reason !== this.#failure) this.#warn(`Its progress is not saved: ${error.message} The training goes on.`);
      this.#failure = reason;
    }
    this.#lastAtMs = this.#now();
    this.#lastCostMs = this.#lastAtMs - startedAtMs;
  }

  /** Removes all checkpoints, because the training is done. Where they cannot be removed, a warning says so. */
  async remove(): Promise<void> {
    await this.#discard(this.#folder);
  }

  async #discard(path: string): Promise<void> {
    try {
      await writing(path, () => rm(path, { recursive: true, force: true }));
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error;
      this.#warn(`What is no longer needed of its progress stays: ${error.message}`);
    }
  }
}

// --- internal ---

/** The newest one may be damaged by a failing disk. */
const keptCount = 2;

const mostShare = 0.02;

interface Found {
  newest: Checkpoint | undefined;
  nextNumber: number;
  kept: string[];
  unusable: string[];
}

async function find(folder: string, plan: TrainedPlan, warn: (message: string) => void): Promise<Found> {
  await writing(folder, () => removeUnfinished(folder));
  const names = await reading(folder, () => readdir(folder)).catch((error: unknown) => {
    if (error instanceof UnreadableFileError && error.code === 'ENOENT') return [];
    throw error;
  });
  const numbers = names
    .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const nextNumber = (numbers.at(-1) ?? 0) + 1;
  const kept = numbers.map((number) => join(folder, `checkpoint-${number}`));
  const unusable: string[] = [];
  while (kept.length > 0) {
    const path = kept.at(-1)!;
    const next = kept.length === 1 ? 'The training starts from the beginning.' : 'The checkpoint before it is used.';
    const opened = await open(path, plan);
    if (typeof opened !== 'string') return { newest: opened, nextNumber, kept, unusable };
    warn(`${opened} ${next}`);
    unusable.push(kept.pop()!);
  }
  return { newest: undefined, nextNumber, kept, unusable };
}

/** Returns a checkpoint, or why it cannot be used. */
async function open(path: string, plan: TrainedPlan): Promise<Checkpoint | string> {
  try {
    const checkpoint = await readCheckpoint(path);
    const difference = planDifference(checkpoint.plan, plan);
    return difference === undefined ? checkpoint : `${path} is of another plan: ${difference}.`;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return error.message;
  }
}

function placeOf({ stageIndex, stage, retry }: Pick<TrainingState, 'stageIndex' | 'stage' | 'retry'>): string {
  const attempt = retry === null ? '' : 'retry of ';
  if (stage === null) return `${attempt}${stageIndex}`;
  const { epochIndex, stepIndex, end } = stage.progress;
  return epochIndex === 0 && stepIndex === 0
    ? `${attempt}${stageIndex}`
    : `${attempt}${stageIndex}/${epochIndex}/${stepIndex}/${end !== null}`;
}
