/**
 * The weighted mean of the members' probabilities with the lowest log loss. Its weights are those of a mixture model, which
 * expectation maximization finds: the log likelihood is concave in the weights.
 *
 * The fit is regularized towards equal weights: the fewer images there are, the closer it stays.
 */
import { type FitContext, rowsPerStep } from './definition.ts';
import { weightedMean } from './weighted-mean.ts';

/** Strength of the prior, a Dirichlet distribution: it counts as much as this many images, shared equally by the members. */
const priorStrength = 10;
/** The fit ends when no weight changes by more. */
const tolerance = 1e-9;
const maximumIterations = 10_000;

export const weighted = weightedMean('weighted', (byMember, context) => mixtureWeights(byMember, context));

// --- internal ---

/** @param byMember per member, the probability of each image's class. */
function mixtureWeights(
  byMember: readonly Float64Array[],
  { rowWeights, onStep }: Pick<FitContext<undefined>, 'rowWeights' | 'onStep'>,
): number[] {
  const memberCount = byMember.length;
  const rowCount = byMember[0]!.length;
  const totalWeight = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const prior = priorStrength / memberCount;
  let weights = byMember.map(() => 1 / memberCount);
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    const responsibilities = new Float64Array(memberCount);
    for (let row = 0; row < rowCount; row += 1) {
      if (row % rowsPerStep === 0) onStep();
      let mixture = 0;
      for (let member = 0; member < memberCount; member += 1) mixture += weights[member]! * byMember[member]![row]!;
      for (let member = 0; member < memberCount; member += 1)
        responsibilities[member]! += rowWeights[row]! * ((weights[member]! * byMember[member]![row]!) / mixture);
    }
    const next = weights.map((_, member) => (responsibilities[member]! + prior) / (totalWeight + priorStrength));
    const change = Math.max(...next.map((weight, member) => Math.abs(weight - weights[member]!)));
    weights = next;
    if (change <= tolerance) break;
  }
  return weights;
}
