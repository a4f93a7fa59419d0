/** Random probabilities with labels, for tests. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Labeled {
  /** [images, classes] */
  probabilities: Float32Array;
  labels: Int32Array;
  classCount: number;
}

/**
 * Rows whose true classes are drawn from the very probabilities: a calibrated classifier.
 *
 * @param exponent makes it over-confident (above 1) or under-confident afterwards.
 */
export function calibratedRows(rowCount: number, classCount: number, seed: number, exponent = 1): Labeled {
  const random = xoroshiro128plus(seed);
  const uniform = () => uniformInt(random, 1, 2 ** 24) / 2 ** 24;
  const probabilities = new Float32Array(rowCount * classCount);
  const labels = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row += 1) {
    const weights = Array.from({ length: classCount }, () => (-Math.log(uniform())) ** 2);
    const sum = weights.reduce((total, one) => total + one, 0);
    let rest = uniform() * sum;
    let drawn = 0;
    while (drawn < classCount - 1 && rest > weights[drawn]!) {
      rest -= weights[drawn]!;
      drawn += 1;
    }
    labels[row] = drawn;
    const powers = weights.map((weight) => (weight / sum) ** exponent);
    const all = powers.reduce((total, one) => total + one, 0);
    for (let label = 0; label < classCount; label += 1) probabilities[row * classCount + label] = powers[label]! / all;
  }
  return { probabilities, labels, classCount };
}

export const namesOf = (classCount: number) => Array.from({ length: classCount }, (_, label) => `${label}`);
