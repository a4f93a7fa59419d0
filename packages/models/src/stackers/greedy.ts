/**
 * Greedy ensemble selection with replacement (Caruana et al., 2004): starting from nothing, adds the member with which the mean of
 * the selected probabilities has the lowest log loss, again and again. How often a member is selected is its weight.
 *
 * Selections on bootstrap samples of the images are averaged, so that a few images do not decide. The paper draws samples of its
 * thousands of models instead; of an ensemble's few members, a sample would leave out the best ones.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { generatorFor } from '../random/generator-for.ts';
import { type FitContext, rowsPerStep } from './definition.ts';
import { weightedMean } from './weighted-mean.ts';

/** Members selected from one sample; the selection ends where its loss is lowest. */
const selectionLength = 25;
const sampleCount = 20;
/** A decrease of the mean log loss that counts; smaller ones are rounding errors. */
const smallestGain = 1e-9;

export const greedy = weightedMean('greedy', (byMember, { seed, rowWeights, onStep }) => {
  const rowCount = byMember[0]!.length;
  const random = generatorFor(seed, 'stacker/samples');
  const shares = byMember.map(() => 0);
  for (let sample = 0; sample < sampleCount; sample += 1) {
    const rows = Uint32Array.from({ length: rowCount }, () => uniformInt(random, 0, rowCount - 1));
    const counts = selectMembers(
      byMember.map((one) => Float64Array.from(rows, (row) => one[row]!)),
      { rowWeights: Float64Array.from(rows, (row) => rowWeights[row]!), onStep },
    );
    const total = counts.reduce((sum, count) => sum + count, 0);
    for (const [member, count] of counts.entries()) shares[member]! += count / total;
  }
  // Dividing each share instead could give a sum, and so a weight, above 1.
  return shares.map((share) => share / sampleCount);
});

/**
 * Selects members until the loss no longer decreases; of equal losses, the shortest selection and the first member win.
 *
 * @param byMember per member, the probability of each image's class.
 * @param options `rowWeights`: the weight of each image's loss, by default 1.
 * @returns how often each member is selected.
 */
export function selectMembers(
  byMember: readonly Float64Array[],
  {
    rowWeights = byMember[0]!.map(() => 1),
    onStep = () => {},
  }: Partial<Pick<FitContext<undefined>, 'rowWeights' | 'onStep'>> = {},
): number[] {
  const totalWeight = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const sums = new Float64Array(byMember[0]!.length);
  const counts = byMember.map(() => 0);
  let best = { loss: Number.POSITIVE_INFINITY, counts: [...counts] };
  for (let length = 1; length <= selectionLength; length += 1) {
    const losses = byMember.map((one) => {
      // log(sum / length), without the division.
      let loss = totalWeight * Math.log(length);
      for (let row = 0; row < sums.length; row += 1) {
        if (row % rowsPerStep === 0) onStep();
        loss -= rowWeights[row]! * Math.log(sums[row]! + one[row]!);
      }
      return loss;
    });
    const chosen = losses.indexOf(Math.min(...losses));
    counts[chosen]! += 1;
    for (let row = 0; row < sums.length; row += 1) sums[row]! += byMember[chosen]![row]!;
    if (losses[chosen]! < best.loss - smallestGain * totalWeight) best = { loss: losses[chosen]!, counts: [...counts] };
  }
  return best.counts;
}
