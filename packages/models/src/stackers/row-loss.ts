import { sigmoid, softmaxRows } from './probabilities.ts';

/**
 * Cross-entropy of one image's logits, and its slope in each: probability − target.
 *
 * @param logits one for two classes (of the second), else one per class.
 */
export function rowLoss(logits: Float64Array, label: number): { loss: number; slopes: Float64Array } {
  if (logits.length > 1) {
    const slopes = softmaxRows(logits, logits.length);
    const loss = -Math.log(Math.max(slopes[label]!, Number.MIN_VALUE));
    slopes[label]! -= 1;
    return { loss, slopes };
  }
  const logit = logits[0]!;
  // log(1 + e^z) − y z, of which neither part overflows.
  const loss = Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - label * logit;
  return { loss, slopes: Float64Array.of(sigmoid(logit) - label) };
}
