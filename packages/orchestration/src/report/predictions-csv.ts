/** `predictions.csv`: every test image with every classifier's probabilities, so that any figure can be recomputed. */

export interface PredictionColumn {
  /** Name of the member or stacker. */
  name: string;
  /** [images, classes] */
  probabilities: Float32Array;
}

/**
 * Writes the table: `path,label,<name>:<class>,…`, a row per image (RFC 4180, lines end in CRLF inside quotes only).
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
    ...columns.flatMap(({ probabilities }) =>
      // Nine significant digits: a float32 survives the way to text and back.
      classes.map((_, label) => probabilities[row * classes.length + label]!.toPrecision(9)),
    ),
  ]);
  return [header, ...rows].map((cells) => `${cells.map(quote).join(',')}\n`).join('');
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
