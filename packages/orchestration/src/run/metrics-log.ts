import { readLines } from '@chorus/storage';
import type { EpochMetrics } from '@chorus/training';
import { z } from 'zod';
import { AppendFile } from './append-file.ts';

/** `metrics.jsonl`: one JSON object per line, appended after each epoch. A resumed run appends to the same file. */
export class MetricsLog {
  readonly #file: AppendFile;

  /** @param onFailure as in {@link AppendFile}. */
  constructor(path: string, onFailure: (message: string) => void) {
    this.#file = new AppendFile(path, onFailure);
  }

  append(metrics: EpochMetrics): void {
    this.#file.append(() => `${JSON.stringify(metrics)}\n`);
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
 * @returns epochs in the order of the file; of those that a resumed run repeated, the last.
 * @throws StorageError when the file cannot be read, or has more than 256 MiB.
 */
export async function readMetrics(path: string): Promise<StoredEpoch[]> {
  const found = new Map<string, StoredEpoch>();
  for await (const line of readLines(path, { maxBytes: maxLogBytes, maxLineBytes })) {
    const epoch = epochSchema.safeParse(parsed(line)).data;
    // The last line of a killed run may be incomplete.
    if (epoch !== undefined) found.set(`${epoch.task}\n${epoch.stage}\n${epoch.epochIndex}`, epoch);
  }
  return [...found.values()];
}

// --- internal ---

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
