import { readLines, StorageError } from '@chorus/storage';
import type { EpochMetrics } from '@chorus/training';
import { z } from 'zod';
import { AppendFile } from './append-file.ts';

/**
 * `metrics.jsonl`: one JSON object per line, appended after each epoch. A resumed run appends to the same file. A line with
 * `"repeated": true` is of an epoch that is in the file already: its training has gone back since, to a checkpoint or for a retry. One
 * with `"restarted": true` is the first of a training that started again from its beginning, perhaps with other stages.
 */
export class MetricsLog {
  readonly #file: AppendFile;
  /** Of all lines in the file. */
  readonly #keys = new Set<string>();
  /** Trainings with lines of an earlier process, and none of this one. */
  readonly #earlier = new Set<string>();

  private constructor(path: string, onFailure: (message: string) => void) {
    this.#file = new AppendFile(path, onFailure);
  }

  /** @param onFailure as in {@link AppendFile}. */
  static async open(path: string, onFailure: (message: string) => void): Promise<MetricsLog> {
    const log = new MetricsLog(path, onFailure);
    try {
      for await (const epoch of epochsOf(path)) {
        log.#keys.add(keyOf(epoch));
        log.#earlier.add(epoch.task);
      }
    } catch (error) {
      // A file that cannot be read may still be appended to; if it cannot, the first epoch reports that.
      if (!(error instanceof StorageError)) throw error;
    }
    return log;
  }

  /** Notes that a training continues from a checkpoint; one that starts from its beginning invalidates its earlier lines. */
  onContinue(task: string): void {
    this.#earlier.delete(task);
  }

  append(metrics: EpochMetrics): void {
    const key = keyOf(metrics);
    const marks = {
      ...(this.#keys.has(key) && { repeated: true }),
      ...(this.#earlier.delete(metrics.task) && { restarted: true }),
    };
    this.#keys.add(key);
    this.#file.append(() => `${JSON.stringify({ ...metrics, ...marks })}\n`);
  }

  /** As in {@link AppendFile}. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/** An epoch of a training, from `metrics.jsonl` of any version. */
export type StoredEpoch = z.output<typeof epochSchema>;

/**
 * Reads `metrics.jsonl`, also while a run appends to it.
 *
 * @returns the epochs that led to the weights, in the order of training: where a training has gone back to an earlier epoch, the
 * lines of this and later epochs before that do not count, and where it has restarted, none before that. Stages may have any name.
 * @throws StorageError when the file cannot be read, or has more than 256 MiB.
 */
export async function readMetrics(path: string): Promise<StoredEpoch[]> {
  const trainings = new Map<string, StoredEpoch[]>();
  for await (const epoch of epochsOf(path)) {
    const epochs = trainings.get(epoch.task) ?? [];
    trainings.set(epoch.task, epochs);
    if (epoch.restarted) epochs.length = 0;
    const repeated = epochs.findIndex(
      ({ stage, epochIndex }) => stage === epoch.stage && epochIndex >= epoch.epochIndex,
    );
    if (repeated !== -1) epochs.length = repeated;
    epochs.push(epoch);
  }
  return [...trainings.values()].flat();
}

// --- internal ---

/** All lines but those that are incomplete, such as the last one of a killed run. */
async function* epochsOf(path: string): AsyncGenerator<StoredEpoch> {
  for await (const line of readLines(path, { maxBytes: maxLogBytes, maxLineBytes })) {
    const epoch = epochSchema.safeParse(parsed(line)).data;
    if (epoch !== undefined) yield epoch;
  }
}

function keyOf({ task, stage, epochIndex }: Pick<StoredEpoch, 'task' | 'stage' | 'epochIndex'>): string {
  return JSON.stringify([task, stage, epochIndex]);
}

/** Half a million epochs. */
const maxLogBytes = 256 * 2 ** 20;
/** A line has half a kilobyte. */
const maxLineBytes = 2 ** 16;

/** JSON has no number that is not finite: null stands for it, and for what earlier versions did not write. */
const numberOrNull = z.number().nullable().default(null);
const epochSchema = z.object({
  task: z.string(),
  member: z.string(),
  fold: z.looseObject({ kind: z.enum(['holdout', 'fold', 'all']) }),
  stage: z.string(),
  epochIndex: z.int().min(0),
  startedAtMs: numberOrNull,
  finishedAtMs: numberOrNull,
  loss: z.number().nullable(),
  tuneLoss: z.number().nullable(),
  tuneAccuracy: z.number().nullable(),
  learningRate: numberOrNull,
  best: z.boolean(),
  restarted: z.boolean().optional(),
});

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
