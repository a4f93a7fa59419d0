/** Labeled probabilities, as the fits of calibrations read them. */
import { ModelError } from '../errors.ts';
import { checkLabels } from '../stackers/outputs.ts';

/** The probabilities of a classifier for images that it was not trained on. */
export interface LabeledRows {
  /** [images, classCount] */
  probabilities: Float32Array;
  /** The true class of each image. */
  labels: ArrayLike<number>;
  classCount: number;
  /** What each image counts for; 1 if omitted. */
  weights?: ArrayLike<number> | undefined;
}

/**
 * Strength of the prior of a fit: a coefficient at distance d from its value without a calibration adds d² / 2 times this many
 * nats to the loss, so that many images outweigh it.
 */
export const priorStrength = 10;

/** @throws ModelError for probabilities that are not finite, and labels that are out of range or of another number. */
export function checkLabeledRows({ probabilities, labels, classCount }: LabeledRows): void {
  checkLabels(labels, probabilities.length / classCount, classCount);
  const broken = probabilities.findIndex((one) => !Number.isFinite(one));
  if (broken !== -1)
    throw new ModelError(`Expected finite probabilities, received ${probabilities[broken]} at index ${broken}.`);
}

/** Consecutive ranges of rows; computing one takes a few milliseconds. */
export function* rowRanges({ labels, classCount }: LabeledRows): Generator<{ firstRow: number; endRow: number }> {
  const step = Math.max(1, Math.floor(numbersPerRange / classCount));
  for (let firstRow = 0; firstRow < labels.length; firstRow += step)
    yield { firstRow, endRow: Math.min(labels.length, firstRow + step) };
}

// --- internal ---

const numbersPerRange = 2 ** 16;
