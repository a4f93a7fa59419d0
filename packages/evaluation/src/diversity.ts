/** How the members of an ensemble differ, and what each of them adds. */
import { argmax, checkScored, scoreProbabilities } from './score.ts';

export interface MemberPair {
  /** Indices of the members, the smaller first. */
  members: [number, number];
  /** Share of the images that the two classify differently. */
  disagreement: number;
  /** Share of the images that both classify wrongly. */
  doubleFault: number;
}

/**
 * Compares all pairs of members.
 *
 * @param members probabilities [images, classes] per member, of images that it was not trained on.
 * @param labels the true class of each row.
 * @throws Error without images, for probabilities that are not finite, and for labels out of range.
 */
export function comparePairs(
  members: readonly Float32Array[],
  labels: ArrayLike<number>,
  classCount: number,
): MemberPair[] {
  if (labels.length === 0) throw new Error('expected images, received none');
  const predicted = members.map((probabilities) => {
    checkScored(probabilities, labels, classCount);
    return Int32Array.from({ length: labels.length }, (_, row) => argmax(probabilities, row, classCount));
  });
  return predicted.flatMap((one, first) =>
    predicted.slice(first + 1).map((other, offset): MemberPair => {
      let differing = 0;
      let bothWrong = 0;
      for (let row = 0; row < labels.length; row += 1) {
        differing += Number(one[row] !== other[row]);
        bothWrong += Number(one[row] !== labels[row] && other[row] !== labels[row]);
      }
      return {
        members: [first, first + 1 + offset],
        disagreement: differing / labels.length,
        doubleFault: bothWrong / labels.length,
      };
    }),
  );
}

/**
 * What each member adds to the mean of all members' probabilities: the log loss of the mean without it, minus that of the mean with
 * it. A negative gain means that the mean is better without the member.
 *
 * @param members as for {@link comparePairs}; at least two.
 * @returns nats per image, in the order of the members.
 */
export function marginalGains(
  members: readonly Float32Array[],
  labels: ArrayLike<number>,
  classes: readonly string[],
): number[] {
  const lossWithout = (left: number | undefined) => {
    const some = members.filter((_, index) => index !== left);
    const mean = some[0]!.map((_, index) => some.reduce((sum, one) => sum + one[index]!, 0) / some.length);
    return scoreProbabilities(mean, labels, classes).logLoss;
  };
  const loss = lossWithout(undefined);
  return members.map((_, index) => lossWithout(index) - loss);
}
