/**
 * Logits as probabilities.
 *
 * @param logits [N] for two classes (of the second one), else [N, classCount].
 * @returns [N, classCount], each row summing to 1.
 */
export function toProbabilities(logits: Float32Array, classCount: number): Float32Array {
  return Float32Array.from(classCount === 2 ? sigmoidRows(logits) : softmaxRows(logits, classCount));
}

/** 1 / (1 + e^−z) */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Rows of `classCount` logits → rows of probabilities, without overflow. */
export function softmaxRows(logits: ArrayLike<number>, classCount: number): Float64Array {
  const probabilities = Float64Array.from(logits);
  for (let start = 0; start < probabilities.length; start += classCount) {
    const row = probabilities.subarray(start, start + classCount);
    const largest = row.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const [label, logit] of row.entries()) {
      row[label] = Math.exp(logit - largest);
      sum += row[label]!;
    }
    for (const [label, power] of row.entries()) row[label] = power / sum;
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
