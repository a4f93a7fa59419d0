/** `predictions.csv`: every test image with every classifier's probabilities, so that any figure can be recomputed. */
import { csvLine } from '../csv.ts';

export interface PredictionColumn {
  /** Name of the member or stacker. */
  name: string;
  /** [images, classes] */
  probabilities: Float32Array;
}

/**
 * Writes the table: `path,label,<name>:<class>,…`, one row per image (RFC 4180, but lines end in LF).
 *
 * @param paths relative to the data folder, in the order of the rows.
 */
export function predictionsCsv(
  paths: readonly string[],
  labels: ArrayLike<number>,
  classes: readonly string[],
  columns: readonly PredictionColumn[],
): string {
  const header = ['path', 'label', ...columns.flatMap(({ name }) => classes.map((label) => `${name}:${label}`))];
  const rows = paths.map((path, row) => [
    path,
    classes[labels[row]!]!,
    ...columns.flatMap(({ probabilities }) => classes.map((_, label) => probabilities[row * classes.length + label]!)),
  ]);
  return [header, ...rows].map(csvLine).join('');
}
