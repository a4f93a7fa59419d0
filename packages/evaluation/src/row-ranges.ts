/** Numbers to compute without a pause; takes a few milliseconds. */
const numbersPerRange = 2 ** 16;

/** Consecutive ranges of rows, between which a long computation can pause. */
export function* rowRanges(rowCount: number, classCount: number): Generator<{ firstRow: number; endRow: number }> {
  const step = Math.max(1, Math.floor(numbersPerRange / Math.max(1, classCount)));
  for (let firstRow = 0; firstRow < rowCount; firstRow += step)
    yield { firstRow, endRow: Math.min(rowCount, firstRow + step) };
}
