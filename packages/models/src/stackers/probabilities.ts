import { checkFinite } from './outputs.ts';

/** Smaller probabilities count as this, as in the log loss. */
export const smallestProbability = 1e-7;

/**
 * Converts logits to probabilities.
 *
 * @param logits [N] for two classes (the second's), else [N, classCount].
 * @returns [N, classCount], each row summing to 1.
 * @throws ModelError if a logit is not finite.
 */
export function toProbabilities(logits: Float32Array, classCount: number): Float32Array {
  checkFinite(logits);
  return Float32Array.from(classCount === 2 ? sigmoidRows(logits) : softmaxRows(logits, classCount));
}

/** 1 / (1 + e^−z) */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Rows of `classCount` logits → rows of probabilities. Does not overflow. */
export function softmaxRows(logits: ArrayLike<number>, classCount: number): Float64Array {
  const probabilities = new Float64Array(logits);
  for (let start = 0; start < probabilities.length; start += classCount) {
    const end = start + classCount;
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = start; index < end; index += 1) largest = Math.max(largest, probabilities[index]!);
    let sum = 0;
    for (let index = start; index < end; index += 1) {
      const power = Math.exp(probabilities[index]! - largest);
      probabilities[index] = power;
      sum += power;
    }
    for (let index = start; index < end; index += 1) probabilities[index]! /= sum;
  }
  return probabilities;
}

// --- internal ---

function sigmoidRows(logits: ArrayLike<number>): Float64Array {
  const probabilities = new Float64Array(logits.length * 2);
  for (let row = 0; row < logits.length; row += 1) {
    const second = sigmoid(logits[row]!);
    probabilities[2 * row] = 1 - second;
    probabilities[2 * row + 1] = second;
  }
  return probabilities;
}
