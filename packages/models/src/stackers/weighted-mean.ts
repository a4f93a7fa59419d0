/** Weighted means of the members' probabilities: what `weighted` and `greedy` fit, each in its own way. */
import { z } from 'zod';
import { fittedSize, type NamedLogits, type StackerLayers } from './definition.ts';
import { countRows, type MemberOutputs } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';

/** Fields of the fitted state, besides its kind. */
export const weightedMeanFields = {
  ...fittedSize,
  /** Per member; not negative, with a sum of 1. */
  weights: z.array(z.number().min(0).max(1)).max(1000),
};

export interface WeightedMean {
  kind: 'weighted' | 'greedy';
  memberCount: number;
  classCount: number;
  weights: number[];
}

/** Whether a state from a file has a weight for each member, and the weights sum to 1. */
export function isWeightedMean({ memberCount, weights }: Pick<WeightedMean, 'memberCount' | 'weights'>): boolean {
  return weights.length === memberCount && Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-6;
}

export const weightedMeanMistake = 'expected a weight for each member, with a sum of 1';

/** @returns probabilities [N, classCount]. */
export function predictWeightedMean(
  { memberCount, classCount, weights }: WeightedMean,
  logits: MemberOutputs,
): Float32Array {
  const sums = new Float64Array(countRows(logits, memberCount, classCount) * classCount);
  for (const [member, one] of logits.entries())
    for (const [index, probability] of toProbabilities(one, classCount).entries())
      sums[index]! += weights[member]! * probability;
  return Float32Array.from(sums);
}

/** The layers of {@link predictWeightedMean}. */
export function weightedMeanLayers<Value>(
  { classCount, weights }: WeightedMean,
  members: readonly NamedLogits<Value>[],
  layers: StackerLayers<Value>,
): Value {
  const probabilities = members.map(({ name, logits }) =>
    layers.probabilities(logits, classCount, `${name}/probabilities`),
  );
  const classes = Array.from({ length: classCount }, (_, index) => index);
  const kernel = weights.flatMap((weight) =>
    classes.map((row) => classes.map((column) => (row === column ? weight : 0))),
  );
  return layers.dense(layers.concatenate(probabilities, 'members'), 'probabilities', { kernel });
}

/**
 * The probability that each member gives to the true class of each image, at least 1e-7, as in the log loss.
 *
 * @returns per member [N].
 */
export function trueClassProbabilities(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  classCount: number,
): Float64Array[] {
  return logits.map((one) => {
    const probabilities = toProbabilities(one, classCount);
    return Float64Array.from({ length: labels.length }, (_, row) =>
      Math.max(probabilities[row * classCount + labels[row]!]!, 1e-7),
    );
  });
}
