/** Weighted means of the members' probabilities: stackers that differ only in how they find the weights. */
import { z } from 'zod';
import { type FitContext, fittedSize, type StackerDefinition } from './definition.ts';
import { countRows, type MemberOutputs } from './outputs.ts';
import { smallestProbability, toProbabilities } from './probabilities.ts';

/**
 * Defines a stacker that computes a weighted mean of the members' probabilities.
 *
 * @param findWeights returns a weight per member, none negative, with a sum of 1; `byMember` has, per member, the probability of
 * each image's class, at least {@link smallestProbability}.
 */
export function weightedMean<const Kind extends string>(
  kind: Kind,
  findWeights: (byMember: readonly Float64Array[], context: FitContext<undefined>) => number[],
) {
  const stateSchema = z
    .strictObject({
      kind: z.literal(kind),
      ...fittedSize,
      /** Per member; not negative, with a sum of 1. */
      weights: z.array(z.number().min(0).max(1)).max(1000),
    })
    .refine(hasWeightPerMember, 'expected a weight for each member, with a sum of 1');
  return {
    stateSchema,
    fit(logits, labels, context) {
      const { classCount } = context;
      const weights = findWeights(trueClassProbabilities(logits, labels, classCount), context);
      return { kind, memberCount: logits.length, classCount, weights };
    },
    predict: ({ memberCount, classCount, weights }, logits) => {
      const sums = new Float64Array(countRows(logits, memberCount, classCount) * classCount);
      for (const [member, one] of logits.entries())
        for (const [index, probability] of toProbabilities(one, classCount).entries())
          sums[index]! += weights[member]! * probability;
      return Float32Array.from(sums);
    },
    layers({ classCount, weights }, members, layers, form) {
      const outputs = members.map(({ name, output }) =>
        layers.probabilities(output, classCount, `${name}/${form}`, form),
      );
      if (form === 'log_probabilities') return layers.logWeightedMean(outputs, weights, classCount, form);
      const classes = Array.from({ length: classCount }, (_, index) => index);
      const kernel = weights.flatMap((weight) =>
        classes.map((row) => classes.map((column) => (row === column ? weight : 0))),
      );
      return layers.dense(layers.concatenate(outputs, 'members'), form, { kernel });
    },
  } as const satisfies StackerDefinition<z.output<typeof stateSchema>, undefined>;
}

// --- internal ---

function hasWeightPerMember({ memberCount, weights }: { memberCount: number; weights: readonly number[] }): boolean {
  return weights.length === memberCount && Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-6;
}

/** @returns per member [N]. */
function trueClassProbabilities(logits: MemberOutputs, labels: ArrayLike<number>, classCount: number): Float64Array[] {
  return logits.map((one) => {
    const probabilities = toProbabilities(one, classCount);
    return Float64Array.from({ length: labels.length }, (_, row) =>
      Math.max(probabilities[row * classCount + labels[row]!]!, smallestProbability),
    );
  });
}
