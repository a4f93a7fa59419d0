/** `predictions.csv`: every test image with every classifier's probabilities, so that any figure can be recomputed. */
import type { CalibrationKind, StackerKind } from '@chorus/models';
import { csvLine } from '../csv.ts';

/** Name of the column of a calibrated ensemble; no member or stacker can have it. */
export function ensembleColumn(stacker: StackerKind, calibration: CalibrationKind | 'none'): string {
  return calibration === 'none' ? stacker : `${stacker}+${calibration}`;
}

export interface PredictionColumn {
  /** Name of the member, the stacker or the calibrated ensemble. */
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
