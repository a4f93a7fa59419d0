import { exactMcnemar, holm, pairedDifference } from './mcnemar.ts';
import { argmax } from './score.ts';
import type { McnemarReport } from './score-schema.ts';

/**
 * Compares every stacker with a member on the same images: exact McNemar tests, adjusted by Holm's method.
 *
 * @param stackers probabilities [images, classes] per stacker.
 * @param member name and probabilities of the member.
 * @param labels class of each row.
 * @returns reports in the order of the stackers.
 */
export function compareStackers(
  stackers: readonly Float32Array[],
  member: { name: string; probabilities: Float32Array },
  labels: Int32Array,
  classCount: number,
): McnemarReport[] {
  const correct = (probabilities: Float32Array) =>
    Array.from(labels, (label, row) => argmax(probabilities, row, classCount) === label);
  const memberCorrect = correct(member.probabilities);
  const differences = stackers.map((probabilities) => pairedDifference(correct(probabilities), memberCorrect));
  const pValues = differences.map(exactMcnemar);
  const adjusted = holm(pValues);
  return differences.map(({ onlyFirst, onlySecond }, index) => ({
    against: member.name,
    onlyStacker: onlyFirst,
    onlyMember: onlySecond,
    p: pValues[index]!,
    pHolm: adjusted[index]!,
  }));
}
