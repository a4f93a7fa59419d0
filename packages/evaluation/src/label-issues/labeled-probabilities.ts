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
  const broken = probabilities.findIndex((value) => value < -rounding || value > 1 + rounding);
  if (broken !== -1)
    throw new Error(
      `expected probabilities from 0 to 1, received ${probabilities[broken]} for class ${broken % classCount} of row ${Math.floor(broken / classCount)}`,
    );
}

// --- internal ---

/** Allowance for rounded probabilities. */
const rounding = 1e-6;
