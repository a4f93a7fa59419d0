/** How the members of an ensemble differ, and what each of them adds. */
import { logLossOf } from './losses.ts';
import { argmax, checkScored } from './score.ts';

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
 * @param pause called every few milliseconds of work; its errors end the comparison.
 * @throws Error without images, for probabilities that are not finite, and for labels out of range.
 */
export async function comparePairs(
  members: readonly Float32Array[],
  labels: ArrayLike<number>,
  classCount: number,
  pause?: () => Promise<void>,
): Promise<MemberPair[]> {
  if (labels.length === 0) throw new Error('expected images, received none');
  const predicted: Int32Array[] = [];
  for (const probabilities of members) {
    checkScored(probabilities, labels, classCount);
    predicted.push(Int32Array.from({ length: labels.length }, (_, row) => argmax(probabilities, row, classCount)));
    await pause?.();
  }
  const pairs: MemberPair[] = [];
  for (const [first, one] of predicted.entries())
    for (let second = first + 1; second < predicted.length; second += 1) {
      const other = predicted[second]!;
      let differing = 0;
      let bothWrong = 0;
      for (let row = 0; row < labels.length; row += 1) {
        differing += Number(one[row] !== other[row]);
        bothWrong += Number(one[row] !== labels[row] && other[row] !== labels[row]);
      }
      pairs.push({
        members: [first, second],
        disagreement: differing / labels.length,
        doubleFault: bothWrong / labels.length,
      });
      await pause?.();
    }
  return pairs;
}

/**
 * What each member adds to the mean of all members' probabilities: the log loss of the mean without it, minus that of the mean with
 * it. A negative gain means that the mean is better without the member.
 *
 * @param members as for {@link comparePairs}; at least two.
 * @param pause as for {@link comparePairs}.
 * @returns nats per image, in the order of the members.
 * @throws Error for fewer than two members, probabilities that are not finite, and labels out of range.
 */
export async function marginalGains(
  members: readonly Float32Array[],
  labels: ArrayLike<number>,
  classCount: number,
  pause?: () => Promise<void>,
): Promise<number[]> {
  if (members.length < 2) throw new Error(`expected at least two members, received ${members.length}`);
  // The loss depends on the probabilities of the true classes only.
  const ofTrueClass: Float64Array[] = [];
  for (const probabilities of members) {
    checkScored(probabilities, labels, classCount);
    ofTrueClass.push(
      Float64Array.from({ length: labels.length }, (_, row) => probabilities[row * classCount + labels[row]!]!),
    );
    await pause?.();
  }
  const loss = meanLoss(ofTrueClass);
  const gains: number[] = [];
  for (const left of ofTrueClass) {
    gains.push(meanLoss(ofTrueClass.filter((one) => one !== left)) - loss);
    await pause?.();
  }
  return gains;
}

// --- internal ---

/** Log loss of the mean of members. @param ofTrueClass per member, the probability of each image's class. */
function meanLoss(ofTrueClass: readonly Float64Array[]): number {
  const rowCount = ofTrueClass[0]!.length;
  let sum = 0;
  for (let row = 0; row < rowCount; row += 1) {
    let probability = 0;
    for (const one of ofTrueClass) probability += one[row]!;
    sum += logLossOf(probability / ofTrueClass.length);
  }
  return rowCount === 0 ? 0 : sum / rowCount;
}
