import { argmax, checkPaths, checkScored } from './score.ts';
import type { Mistake } from './score-schema.ts';

/**
 * Returns the most confident errors of a classifier, worst first.
 *
 * @param probabilities [images, classes]
 * @param images paths and labels of the rows.
 * @param limit maximum number of errors.
 * @throws Error for probabilities that are not finite, for labels out of range, and for another number of paths.
 */
export function findMistakes(
  probabilities: Float32Array,
  { paths, labels }: { paths: readonly string[]; labels: ArrayLike<number> },
  classes: readonly string[],
  limit: number,
): Mistake[] {
  checkScored(probabilities, labels, classes.length);
  checkPaths(paths, labels);
  return paths
    .map((path, row) => {
      const predicted = argmax(probabilities, row, classes.length);
      return {
        path,
        label: classes[labels[row]!]!,
        predicted: classes[predicted]!,
        probability: probabilities[row * classes.length + predicted]!,
      };
    })
    .filter(({ label, predicted }) => label !== predicted)
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, limit);
}
