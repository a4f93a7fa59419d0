/** Losses of single images. */

/**
 * −ln(probability of the true class), with the probability clipped to [1e-7, 1 − 1e-7], as in Keras.
 *
 * @throws Error for a probability that is not finite.
 */
export function logLossOf(probability: number): number {
  if (!Number.isFinite(probability)) throw new Error(`expected a finite probability, received ${probability}`);
  return -Math.log(Math.min(1 - 1e-7, Math.max(1e-7, probability)));
}

/** Σ (probability − target)² over the classes of a row, from 0 to 2. */
export function brierOf(probabilities: Float32Array, row: number, label: number, classCount: number): number {
  let sum = 0;
  for (let other = 0; other < classCount; other += 1)
    sum += (probabilities[row * classCount + other]! - Number(other === label)) ** 2;
  return sum;
}
