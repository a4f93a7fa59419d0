import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { sigmoid, softmaxRows } from './probabilities.ts';

/** A loss and its derivative with respect to each logit. */
interface RowLoss {
  loss: number;
  slopes: Float64Array;
}

/**
 * Cross-entropy of one image's logits, as `crossEntropy` computes it for a batch; the slopes are probability − target.
 *
 * @param logits one for two classes (the second's), else one per class.
 */
export function rowLoss(logits: Float64Array, label: number, fromLogitsOnSigmoid?: FromLogitsOnSigmoid): RowLoss {
  const ofLogits = logits.length > 1 ? categorical : binary;
  if (fromLogitsOnSigmoid !== 'probabilities') return ofLogits(logits, label);
  const probabilities = logits.length > 1 ? softmaxRows(logits, logits.length) : logits.map(sigmoid);
  const { loss, slopes } = ofLogits(probabilities, label);
  return { loss, slopes: slopesInLogits(probabilities, slopes) };
}

// --- internal ---

function categorical(logits: Float64Array, label: number): RowLoss {
  const slopes = softmaxRows(logits, logits.length);
  const loss = -Math.log(Math.max(slopes[label]!, Number.MIN_VALUE));
  slopes[label]! -= 1;
  return { loss, slopes };
}

/** log(1 + e^z) − y z, in a form in which neither term overflows. */
function binary(logits: Float64Array, label: number): RowLoss {
  const logit = logits[0]!;
  const loss = Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - label * logit;
  // Float64Array.of is several times slower, and a fit calls this tens of thousands of times.
  const slopes = new Float64Array(1);
  slopes[0] = sigmoid(logit) - label;
  return { loss, slopes };
}

/** The chain rule through a sigmoid, s p (1 − p), or a softmax, p (s − Σ s p). */
function slopesInLogits(probabilities: Float64Array, slopes: Float64Array): Float64Array {
  if (slopes.length === 1)
    return slopes.map((slope, index) => slope * probabilities[index]! * (1 - probabilities[index]!));
  const mean = slopes.reduce((sum, slope, index) => sum + slope * probabilities[index]!, 0);
  return slopes.map((slope, index) => probabilities[index]! * (slope - mean));
}
