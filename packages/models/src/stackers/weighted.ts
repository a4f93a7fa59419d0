/**
 * The weighted mean of the members' probabilities with the lowest log loss. Its weights are those of a mixture model, which
 * expectation maximization finds: the log likelihood is concave in the weights.
 *
 * The fit is regularized towards equal weights: the fewer images there are, the closer it stays.
 */
import { z } from 'zod';
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
  .strictObject({ kind: z.literal('weighted'), ...weightedMeanFields })
  .refine(isWeightedMean, weightedMeanMistake);
type WeightedState = z.output<typeof stateSchema>;

/** Strength of the prior, a Dirichlet distribution: it counts as much as this many images, shared equally by the members. */
const priorStrength = 10;
/** The fit ends when no weight changes by more. */
const tolerance = 1e-9;
const maximumIterations = 10_000;

export const weighted = {
  stateSchema,
  fit(logits, labels, { classCount, onStep }) {
    const memberCount = logits.length;
    const byMember = trueClassProbabilities(logits, labels, classCount);
    return { kind: 'weighted', memberCount, classCount, weights: mixtureWeights(byMember, onStep) };
  },
  predict: predictWeightedMean,
  layers: weightedMeanLayers,
} as const satisfies StackerDefinition<WeightedState, undefined>;

// --- internal ---

/** @param byMember per member, the probability of each image's class. */
function mixtureWeights(byMember: readonly Float64Array[], onStep: () => void): number[] {
  const memberCount = byMember.length;
  const rowCount = byMember[0]!.length;
  const prior = priorStrength / memberCount;
  let weights = byMember.map(() => 1 / memberCount);
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    onStep();
    const responsibilities = new Float64Array(memberCount);
    for (let row = 0; row < rowCount; row += 1) {
      let mixture = 0;
      for (let member = 0; member < memberCount; member += 1) mixture += weights[member]! * byMember[member]![row]!;
      for (let member = 0; member < memberCount; member += 1)
        responsibilities[member]! += (weights[member]! * byMember[member]![row]!) / mixture;
    }
    const next = weights.map((_, member) => (responsibilities[member]! + prior) / (rowCount + priorStrength));
    const change = Math.max(...next.map((weight, member) => Math.abs(weight - weights[member]!)));
    weights = next;
    if (change <= tolerance) break;
  }
  return weights;
}
