import { compareClassifiers } from './compare-classifiers.ts';
import { holm } from './mcnemar.ts';
import type { McnemarReport } from './score-schema.ts';

/**
 * Compares every stacker with a member on the same images: exact McNemar tests, adjusted by Holm's method.
 *
 * @param stackers probabilities [images, classes] per stacker.
 * @param member name and probabilities of the member.
 * @param labels class of each row.
 * @throws Error as {@link compareClassifiers}.
 * @returns reports in the order of the stackers.
 */
export function compareStackers(
  stackers: readonly Float32Array[],
  member: { name: string; probabilities: Float32Array },
  labels: Int32Array,
  classCount: number,
): McnemarReport[] {
  const comparisons = stackers.map((one) => compareClassifiers(one, member.probabilities, labels, classCount));
  const adjusted = holm(comparisons.map(({ p }) => p));
  return comparisons.map(({ onlyFirst, onlySecond, p }, index) => ({
    against: member.name,
    onlyStacker: onlyFirst,
    onlyMember: onlySecond,
    p,
    pHolm: adjusted[index]!,
  }));
}
