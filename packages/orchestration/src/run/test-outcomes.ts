/** The test images of a finished run and its ensemble's probabilities, from `predictions.csv`. */
import { createReadStream } from 'node:fs';
import { logLossOf } from '@chorus/evaluation';
import { StorageError } from '@chorus/storage';
import { parse } from 'csv-parse';

export interface TestOutcomes {
  /** Relative to the data folder. */
  paths: string[];
  /** Per image, 1 if the classifier is right, else 0. */
  correct: number[];
  /** Per image, −ln(probability of the true class), clipped as in the log loss. */
  losses: number[];
}

/**
 * Reads what a classifier of a run predicts for the test images.
 *
 * @param path of a run's `predictions.csv`.
 * @param classifier name of a member or stacker.
 * @throws StorageError when the table cannot be read, has no such classifier, or a row is damaged.
 */
export async function readTestOutcomes(
  path: string,
  classifier: string,
  classes: readonly string[],
): Promise<TestOutcomes> {
  const found: TestOutcomes = { paths: [], correct: [], losses: [] };
  const rows = parse({ columns: true });
  // pipe() does not pass on errors.
  createReadStream(path)
    .on('error', (error) => rows.destroy(error))
    .pipe(rows);
  try {
    for await (const row of rows as AsyncIterable<Record<string, string>>) {
      const probabilities = classes.map((name) => Number(row[`${classifier}:${name}`]));
      const label = classes.indexOf(row.label ?? '');
      if (row.path === undefined || label === -1 || !probabilities.every(Number.isFinite))
        throw new StorageError(
          `${path}: expected the probabilities of ${classifier} for ${row.path ?? 'every image'}.`,
        );
      found.paths.push(row.path);
      found.correct.push(Number(probabilities.indexOf(Math.max(...probabilities)) === label));
      found.losses.push(logLossOf(probabilities[label]!));
    }
  } catch (error) {
    // Errors of the parser and of the file system have codes; any other error is a bug.
    if (error instanceof StorageError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new StorageError(`${path}: cannot read the table: ${(error as Error).message}`, { cause: error });
  }
  return found;
}
