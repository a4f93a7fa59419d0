import { countRows, type MemberOutputs } from './outputs.ts';
import { toProbabilities } from './probabilities.ts';

/** The mean of the members' probabilities; nothing is learnt. */
export function predictMean(
  { memberCount, classCount }: { memberCount: number; classCount: number },
  logits: MemberOutputs,
): Float32Array {
  const mean = new Float64Array(countRows(logits, memberCount, classCount) * classCount);
  for (const one of logits)
    for (const [index, probability] of toProbabilities(one, classCount).entries())
      mean[index]! += probability / memberCount;
  return Float32Array.from(mean);
}
