import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { EpochMetrics } from '../lanes/protocol.ts';

/** `metrics.jsonl`: one JSON object a line, appended as epochs end; a resumed run goes on in the same file. */
export class MetricsLog {
  readonly #stream: WriteStream;

  constructor(path: string) {
    this.#stream = createWriteStream(path, { flags: 'a' });
  }

  append(metrics: EpochMetrics): void {
    this.#stream.write(`${JSON.stringify(metrics)}\n`);
  }

  /** Resolves when every line is with the operating system. */
  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}
