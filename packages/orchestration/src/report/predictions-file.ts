import type { Slices } from '../run/slices.ts';
import { type PredictionColumn, predictionsCsv } from './predictions-csv.ts';

/**
 * The bytes of `predictions.csv`, generated a few rows at a time, since the whole may exceed the maximum length of a string.
 *
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function predictionsFile(
  paths: readonly string[],
  labels: Int32Array,
  classes: readonly string[],
  columns: readonly PredictionColumn[],
  slices: Slices,
): Promise<Uint8Array> {
  const header = predictionsCsv([], [], classes, columns);
  const parts = [Buffer.from(header)];
  await slices.forRows(paths.length, classes.length * columns.length, (firstRow, endRow) => {
    const rows = columns.map(({ name, probabilities }) => ({
      name,
      probabilities: probabilities.subarray(firstRow * classes.length, endRow * classes.length),
    }));
    const text = predictionsCsv(paths.slice(firstRow, endRow), labels.subarray(firstRow, endRow), classes, rows);
    parts.push(Buffer.from(text.slice(header.length)));
  });
  return Buffer.concat(parts);
}
