/** How classifiers of a finished run classify its test images, from `predictions.csv`. */
import { argmax, logLossOf } from '@chorus/evaluation';
import { StorageError } from '@chorus/storage';
import { csvRecords } from '../csv-rows.ts';

export interface TestOutcomes {
  /** Relative to the data folder. */
  paths: string[];
  /** In the order of the requested classifiers. */
  classifiers: ClassifierOutcomes[];
}

export interface ClassifierOutcomes {
  /** Per image, 1 if the classifier is right, else 0. */
  correct: number[];
  /** Per image, −ln(probability of the true class), clipped as in the log loss. */
  losses: number[];
}

/**
 * Reads what classifiers of a run predict for the test images.
 *
 * @param path of a run's `predictions.csv`.
 * @param classifiers names of members and stackers.
 * @throws StorageError when the table cannot be read, lacks a classifier, or a row is damaged.
 */
export async function readTestOutcomes(
  path: string,
  classifiers: readonly string[],
  classes: readonly string[],
): Promise<TestOutcomes> {
  const found: TestOutcomes = { paths: [], classifiers: classifiers.map(() => ({ correct: [], losses: [] })) };
  for await (const row of csvRecords(path)) {
    const label = classes.indexOf(row.label ?? '');
    for (const [index, classifier] of classifiers.entries()) {
      const probabilities = Float32Array.from(classes, (name) => Number(row[`${classifier}:${name}`]));
      if (row.path === undefined || label === -1 || !probabilities.every(Number.isFinite))
        throw new StorageError(
          `${path}: expected the probabilities of ${classifier} for ${row.path ?? 'every image'}.`,
        );
      const { correct, losses } = found.classifiers[index]!;
      correct.push(Number(argmax(probabilities, 0, classes.length) === label));
      losses.push(logLossOf(probabilities[label]!));
    }
    found.paths.push(row.path!);
  }
  return found;
}
