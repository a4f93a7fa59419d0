import { logLossOf } from './losses.ts';
import { rowRanges } from './row-ranges.ts';
import { checkScored } from './score.ts';

/**
 * The mean over the classes that occur of the log loss of their images: the log loss if all classes had equally many images.
 *
 * @param probabilities [images, classes]; each row sums to 1.
 * @param labels the true class of each row.
 * @param pause called every few milliseconds of work; its errors end the computation.
 * @returns 0 without images.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export async function balancedLogLoss(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  pause?: () => Promise<void>,
): Promise<number> {
  checkScored(probabilities, labels, classCount);
  const sums = new Float64Array(classCount);
  const counts = new Float64Array(classCount);
  for (const { firstRow, endRow } of rowRanges(labels.length, classCount)) {
    for (let row = firstRow; row < endRow; row += 1) {
      const label = labels[row]!;
      sums[label]! += logLossOf(probabilities[row * classCount + label]!);
      counts[label]! += 1;
    }
    await pause?.();
  }
  const means = [...sums].map((sum, label) => sum / counts[label]!).filter((_, label) => counts[label]! > 0);
  return means.length === 0 ? 0 : means.reduce((total, mean) => total + mean, 0) / means.length;
}
