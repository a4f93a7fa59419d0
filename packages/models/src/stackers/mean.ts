/** The mean of the members' probabilities; nothing is fitted. */
import { z } from 'zod';
import { fittedSize, type StackerDefinition } from './definition.ts';
import { countRows, type MemberOutputs } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';

const stateSchema = z.strictObject({ kind: z.literal('mean'), ...fittedSize });
type MeanState = z.output<typeof stateSchema>;

export const mean = {
  stateSchema,
  fit: (logits, _labels, { classCount }) => ({ kind: 'mean', memberCount: logits.length, classCount }),
  predict: predictMean,
  layers({ classCount }, members, layers, form) {
    const outputs = members.map(({ name, logits }) =>
      layers.probabilities(logits, classCount, `${name}/${form}`, form),
    );
    if (form === 'probabilities') return layers.mean(outputs, form);
    const weights = members.map(() => 1 / members.length);
    return layers.logWeightedMean(outputs, weights, classCount, form);
  },
} as const satisfies StackerDefinition<MeanState, undefined>;

// --- internal ---

function predictMean({ memberCount, classCount }: MeanState, logits: MemberOutputs): Float32Array {
  const sums = new Float64Array(countRows(logits, memberCount, classCount) * classCount);
  for (const one of logits)
    for (const [index, probability] of toProbabilities(one, classCount).entries())
      sums[index]! += probability / memberCount;
  return Float32Array.from(sums);
}
