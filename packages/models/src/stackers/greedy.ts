/**
 * Greedy ensemble selection with replacement (Caruana et al., 2004): starting from nothing, adds the member with which the mean of
 * the selected probabilities has the lowest log loss, again and again. How often a member is selected is its weight.
 *
 * Selections on bootstrap samples of the images are averaged, so that a few images do not decide. The paper draws samples of its
 * thousands of models instead; of an ensemble's few members, a sample would leave out the best ones.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { z } from 'zod';
import { generatorFor } from '../random/generator-for.ts';
import type { StackerDefinition } from './definition.ts';
import {
  isWeightedMean,
  predictWeightedMean,
  trueClassProbabilities,
  weightedMeanFields,
  weightedMeanLayers,
  weightedMeanMistake,
} from './weighted-mean.ts';

const stateSchema = z
  .strictObject({ kind: z.literal('greedy'), ...weightedMeanFields })
  .refine(isWeightedMean, weightedMeanMistake);
type GreedyState = z.output<typeof stateSchema>;

/** Members selected from one sample; the selection ends where its loss is lowest. */
const selectionLength = 25;
const sampleCount = 20;
/** A decrease of the mean log loss that counts; smaller ones are rounding errors. */
const smallestGain = 1e-9;

export const greedy = {
  stateSchema,
  fit(logits, labels, { classCount, seed, onStep }) {
    const memberCount = logits.length;
    const byMember = trueClassProbabilities(logits, labels, classCount);
    const random = generatorFor(seed, 'stacker/samples');
    const shares = new Array<number>(memberCount).fill(0);
    for (let sample = 0; sample < sampleCount; sample += 1) {
      const rows = Uint32Array.from(labels, () => uniformInt(random, 0, labels.length - 1));
      const counts = selectMembers(
        byMember.map((one) => Float64Array.from(rows, (row) => one[row]!)),
        onStep,
      );
      const total = counts.reduce((sum, count) => sum + count, 0);
      for (const [member, count] of counts.entries()) shares[member]! += count / total;
    }
    // Divided at the end: twenty twentieths add up to more than 1.
    const weights = shares.map((share) => share / sampleCount);
    return { kind: 'greedy', memberCount, classCount, weights };
  },
  predict: predictWeightedMean,
  layers: weightedMeanLayers,
} as const satisfies StackerDefinition<GreedyState, undefined>;

/**
 * Selects members until the loss no longer decreases; of equal losses, the shortest selection and the first member win.
 *
 * @param byMember per member, the probability of each image's class.
 * @returns how often each member is selected.
 */
export function selectMembers(byMember: readonly Float64Array[], onStep: () => void = () => {}): number[] {
  const sums = new Float64Array(byMember[0]!.length);
  const counts = byMember.map(() => 0);
  let best = { loss: Number.POSITIVE_INFINITY, counts: [...counts] };
  for (let length = 1; length <= selectionLength; length += 1) {
    const losses = byMember.map((one) => {
      onStep();
      // log(sum / length), without the division.
      let loss = sums.length * Math.log(length);
      for (let row = 0; row < sums.length; row += 1) loss -= Math.log(sums[row]! + one[row]!);
      return loss;
    });
    const chosen = losses.indexOf(Math.min(...losses));
    counts[chosen]! += 1;
    for (let row = 0; row < sums.length; row += 1) sums[row]! += byMember[chosen]![row]!;
    if (losses[chosen]! < best.loss - smallestGain * sums.length) best = { loss: losses[chosen]!, counts: [...counts] };
  }
  return best.counts;
}
