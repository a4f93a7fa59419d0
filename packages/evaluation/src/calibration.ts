/** How well the probabilities of a classifier match the shares of images that it classifies correctly. */
import { brierOf, logLossOf } from './losses.ts';
import { rowRanges } from './row-ranges.ts';
import { argmax, checkScored, type Score } from './score.ts';

/** The images to whose predicted class a classifier gives a probability in (`from`, `to`]. */
export interface ReliabilityBin {
  from: number;
  to: number;
  count: number;
  /** Mean probability of the predicted class; null for an empty bin. */
  confidence: number | null;
  /** Share of the images that are classified correctly; null for an empty bin. */
  accuracy: number | null;
}

export interface Calibration {
  /**
   * Expected calibration error (Guo et al., 2017): the mean difference between confidence and accuracy in the bins, weighted by
   * their images; from 0 to 1.
   */
  error: number;
  brier: Score['brier'];
  logLoss: Score['logLoss'];
  /** The numbers of a reliability diagram: bins of equal width, ascending. */
  bins: ReliabilityBin[];
}

/** As in the paper. */
const binCount = 15;

/**
 * Measures the calibration of a classifier's predicted classes.
 *
 * @param probabilities [images, classes]; each row sums to 1.
 * @param labels the true class of each row.
 * @param pause called every few milliseconds of work; its errors end the measurement.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 * @example
 * (await measureCalibration(Float32Array.of(0.2, 0.8, 0.1, 0.9), [1, 0], 2)).error; // 0.5 × 0.2 + 0.5 × 0.9
 */
export async function measureCalibration(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  pause?: () => Promise<void>,
): Promise<Calibration> {
  checkScored(probabilities, labels, classCount);
  const sums = Array.from({ length: binCount }, () => ({ count: 0, confidence: 0, correct: 0 }));
  let [squares, losses] = [0, 0];
  for (const { firstRow, endRow } of rowRanges(labels.length, classCount)) {
    for (let row = firstRow; row < endRow; row += 1) {
      const label = labels[row]!;
      const predicted = argmax(probabilities, row, classCount);
      const confidence = probabilities[row * classCount + predicted]!;
      // Rounding may leave a sum of probabilities, and so one of them, above 1.
      const bin = sums[Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1))]!;
      bin.count += 1;
      bin.confidence += confidence;
      bin.correct += Number(predicted === label);
      squares += brierOf(probabilities, row, label, classCount);
      losses += logLossOf(probabilities[row * classCount + label]!);
    }
    await pause?.();
  }
  const differences = sums.map(({ confidence, correct }) => Math.abs(confidence - correct));
  const count = labels.length;
  return {
    error: count === 0 ? 0 : differences.reduce((sum, one) => sum + one, 0) / count,
    brier: count === 0 ? null : squares / count,
    logLoss: count === 0 ? 0 : losses / count,
    bins: sums.map(({ count, confidence, correct }, index) => ({
      from: index / binCount,
      to: (index + 1) / binCount,
      count,
      confidence: count === 0 ? null : confidence / count,
      accuracy: count === 0 ? null : correct / count,
    })),
  };
}
