/** Labeled probabilities for tests. */
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { generatorFor } from '../random/generator-for.ts';
import type { LabeledRows } from './labeled-rows.ts';

/**
 * Rows whose true classes are drawn from the very probabilities: a calibrated classifier.
 *
 * @param power makes it over-confident (above 1) or under-confident afterwards.
 */
export function drawnRows(rowCount: number, classCount: number, seed: number, power = 1) {
  const random = generatorFor(seed, 'labeled rows');
  // Above 0.
  const uniform = () => 1 - uniformFloat32(random) * (1 - 2 ** -20);
  const probabilities = new Float32Array(rowCount * classCount);
  const labels = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row += 1) {
    const weights = Array.from({ length: classCount }, () => Math.log(uniform()) ** 2 + 1e-6);
    const sum = weights.reduce((total, one) => total + one, 0);
    let rest = uniform() * sum;
    let drawn = 0;
    while (drawn < classCount - 1 && rest > weights[drawn]!) {
      rest -= weights[drawn]!;
      drawn += 1;
    }
    labels[row] = drawn;
    const powers = weights.map((weight) => (weight / sum) ** power);
    const all = powers.reduce((total, one) => total + one, 0);
    for (let label = 0; label < classCount; label += 1) probabilities[row * classCount + label] = powers[label]! / all;
  }
  return { probabilities, labels, classCount } satisfies LabeledRows;
}

/** Mean of −ln(probability of the true class). */
export function lossOf(
  probabilities: Float32Array,
  { labels, classCount }: Omit<LabeledRows, 'probabilities'>,
): number {
  return (
    Array.from(labels).reduce((sum, label, row) => sum - Math.log(probabilities[row * classCount + label]!), 0) /
    labels.length
  );
}
