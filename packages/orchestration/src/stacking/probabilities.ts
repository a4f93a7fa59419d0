/**
 * A member's logits as probabilities.
 *
 * @param logits [images, 1] for two classes (of the second one), else [images, classes].
 * @returns [images, classes], each row summing to 1.
 */
export function toProbabilities(logits: Float32Array, classCount: number): Float32Array {
  return classCount === 2 ? fromBinary(logits) : softmaxRows(logits, classCount);
}

// --- internal ---

function fromBinary(logits: Float32Array): Float32Array {
  const probabilities = new Float32Array(logits.length * 2);
  for (const [row, logit] of logits.entries()) {
    const second = 1 / (1 + Math.exp(-logit));
    probabilities[2 * row] = 1 - second;
    probabilities[2 * row + 1] = second;
  }
  return probabilities;
}

function softmaxRows(logits: Float32Array, classCount: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classCount) {
    const row = logits.subarray(start, start + classCount);
    const largest = Math.max(...row);
    const powers = Array.from(row, (logit) => Math.exp(logit - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    for (const [label, power] of powers.entries()) probabilities[start + label] = power / sum;
  }
  return probabilities;
}
