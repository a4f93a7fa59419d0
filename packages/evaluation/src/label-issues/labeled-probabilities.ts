/** Images with a given label and the probabilities that a classifier, which was not trained on them, assigns. */
import { checkScored } from '../score.ts';

export interface LabeledProbabilities {
  /** [images, classes]; each row sums to 1. */
  probabilities: Float32Array;
  /** The given class of each image. */
  labels: ArrayLike<number>;
  classCount: number;
}

/** @throws Error for fewer than two classes, labels out of range, and probabilities that are not finite or not within 0 … 1. */
export function checkLabeledProbabilities({ probabilities, labels, classCount }: LabeledProbabilities): void {
  if (classCount < 2) throw new Error(`expected at least two classes, received ${classCount}`);
  checkScored(probabilities, labels, classCount);
  // A callback per number would take seconds with many classes.
  for (let index = 0; index < probabilities.length; index += 1) {
    const value = probabilities[index]!;
    if (value < -rounding || value > 1 + rounding)
      throw new Error(
        `expected probabilities from 0 to 1, received ${value} for class ${index % classCount} of row ${Math.floor(index / classCount)}`,
      );
  }
}

// --- internal ---

/** Allowance for rounded probabilities. */
const rounding = 1e-6;
