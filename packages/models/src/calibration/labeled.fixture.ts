/** Labeled probabilities for tests. */
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { generatorFor } from '../random/generator-for.ts';
import { softmaxRows } from '../stackers/probabilities.ts';
import type { LabeledRows } from './labeled-rows.ts';

/**
 * Rows whose true classes are drawn from the very probabilities: a calibrated classifier.
 *
 * @param power makes it over-confident (above 1) or under-confident afterwards.
 */
export function drawnRows(rowCount: number, classCount: number, seed: number, power = 1) {
  const random = generatorFor(seed, 'labeled rows');
  const logits = Float64Array.from({ length: rowCount * classCount }, () => 6 * uniformFloat32(random));
  const shares = softmaxRows(logits, classCount);
  const labels = Int32Array.from({ length: rowCount }, (_, row) => {
    let rest = uniformFloat32(random);
    const drawn = shares.subarray(row * classCount, (row + 1) * classCount).findIndex((share) => {
      rest -= share;
      return rest < 0;
    });
    // The shares may add up to slightly less than 1.
    return drawn === -1 ? classCount - 1 : drawn;
  });
  const skewed = softmaxRows(
    logits.map((logit) => power * logit),
    classCount,
  );
  return { probabilities: Float32Array.from(skewed), labels, classCount } satisfies LabeledRows;
}

/** 2,000 rows of 10 classes, nearly all of which have a probability of 1 for the true class. */
export function separatedRows(seed: number) {
  const [rowCount, classCount] = [2000, 10];
  const random = generatorFor(seed, 'overconfident');
  const labels = Int32Array.from({ length: rowCount }, (_, row) => row % classCount);
  const logits = Float64Array.from({ length: rowCount * classCount }, (_, index) => {
    let normal = -6;
    for (let count = 0; count < 12; count += 1) normal += uniformFloat32(random);
    return (index % classCount === labels[Math.floor(index / classCount)] ? 100 : 0) + 20 * normal;
  });
  return {
    probabilities: Float32Array.from(softmaxRows(logits, classCount)),
    labels,
    classCount,
  } satisfies LabeledRows;
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
