import type { EpochMetrics } from '@chorus/training';
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
