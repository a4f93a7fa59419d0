/** Cuts long work in the main thread into slices, between which it handles signals and prints progress. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StopFlag } from '@chorus/training';

/** Maximum duration of a slice. */
const sliceMs = 50;
/** How many numbers to compute without a pause; takes a few milliseconds. */
const numbersPerCall = 20_000;

export class Slices {
  readonly #stop: StopFlag | undefined;
  #startedAtMs = performance.now();

  constructor(stop?: StopFlag) {
    this.#stop = stop;
  }

  /**
   * Ends the slice if its time is up. Call it every few milliseconds.
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
   * Calls a function for consecutive ranges of rows, with pauses between them.
   *
   * @param numbersPerRow numbers to compute for one row.
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
 * Probabilities of all rows, computed slice by slice.
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
