import { readLines, StorageError } from '@chorus/storage';
import type { EpochMetrics } from '@chorus/training';
import { z } from 'zod';
import { AppendFile } from './append-file.ts';

/**
 * `metrics.jsonl`: one JSON object per line, appended after each epoch. A resumed run appends to the same file. A line with
 * `"repeated": true` is of an epoch that is in the file already: its training has gone back since, to a checkpoint or for a retry.
 */
export class MetricsLog {
  readonly #file: AppendFile;
  /** Of all lines in the file. */
  readonly #keys: Set<string>;

  private constructor(path: string, onFailure: (message: string) => void, keys: Set<string>) {
    this.#file = new AppendFile(path, onFailure);
    this.#keys = keys;
  }

  /** @param onFailure as in {@link AppendFile}. */
  static async open(path: string, onFailure: (message: string) => void): Promise<MetricsLog> {
    const keys = new Set<string>();
    try {
      for await (const epoch of epochsOf(path)) keys.add(keyOf(epoch));
    } catch (error) {
      // A file that cannot be read may still be appended to; if it cannot, the first epoch reports that.
      if (!(error instanceof StorageError)) throw error;
    }
    return new MetricsLog(path, onFailure, keys);
  }

  append(metrics: EpochMetrics): void {
    const key = keyOf(metrics);
    const repeated = this.#keys.has(key);
    this.#keys.add(key);
    this.#file.append(() => `${JSON.stringify({ ...metrics, ...(repeated && { repeated }) })}\n`);
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
 * lines of this and later epochs before that do not count.
 * @throws StorageError when the file cannot be read, or has more than 256 MiB.
 */
export async function readMetrics(path: string): Promise<StoredEpoch[]> {
  const trainings = new Map<string, StoredEpoch[]>();
  for await (const epoch of epochsOf(path)) {
    const epochs = trainings.get(epoch.task) ?? [];
    trainings.set(epoch.task, epochs);
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
});

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
