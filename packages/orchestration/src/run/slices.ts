/** Long work in the main thread, cut into slices: between them it answers signals and prints progress. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StopFlag } from '@chorus/training';

/** How long a slice may last. */
const sliceMs = 50;
/** Numbers that are computed in one go: some milliseconds. */
const numbersPerCall = 20_000;

export class Slices {
  readonly #stop: StopFlag | undefined;
  #startedAtMs = performance.now();

  constructor(stop?: StopFlag) {
    this.#stop = stop;
  }

  /**
   * Call it every few milliseconds of work: ends the slice when its time is over.
   *
   * @throws StoppedError once a stop is requested.
   */
  async pause(): Promise<void> {
    this.#stop?.check();
    if (performance.now() - this.#startedAtMs < sliceMs) return;
    await nextTurn();
    this.#startedAtMs = performance.now();
    this.#stop?.check();
  }

  /**
   * Calls a function with ranges of rows, one after the other, that together are all rows.
   *
   * @param numbersPerRow what a row costs, in numbers to be computed.
   */
  async forRows(
    rowCount: number,
    numbersPerRow: number,
    call: (firstRow: number, endRow: number) => void,
  ): Promise<void> {
    const step = Math.max(1, Math.floor(numbersPerCall / Math.max(1, numbersPerRow)));
    for (let firstRow = 0; firstRow < rowCount; firstRow += step) {
      await this.pause();
      call(firstRow, Math.min(rowCount, firstRow + step));
    }
  }
}

/**
 * Probabilities of all rows from a function that classifies any of them.
 *
 * @param logits per member [rowCount, outputs].
 * @param predict per member [rows, outputs] → [rows, classCount].
 * @returns [rowCount, classCount]
 */
export async function predictInSlices(
  logits: readonly Float32Array[],
  { rowCount, classCount }: { rowCount: number; classCount: number },
  predict: (logits: Float32Array[]) => Float32Array,
  slices: Slices,
): Promise<Float32Array> {
  const probabilities = new Float32Array(rowCount * classCount);
  await slices.forRows(rowCount, classCount * logits.length, (firstRow, endRow) => {
    const rows = logits.map((one) => {
      const width = one.length / rowCount;
      return one.subarray(firstRow * width, endRow * width);
    });
    probabilities.set(predict(rows), firstRow * classCount);
  });
  return probabilities;
}
