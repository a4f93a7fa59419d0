import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import { logSoftmax } from './activation.ts';
import { fixedDense } from './fixed-dense.ts';

/**
 * log(Σ weight × exp(x)) of tensors [N, n]. tfjs has no layer for a logarithm or an exponential, but has `softmax` and `logSoftmax`:
 * with y = x + log(weight), the result is y − logSoftmax(y) over the tensors, whichever y is taken.
 *
 * The mean over all y, weighted by their softmax, is exact: a single y could be so far from the result that the difference
 * would lose its digits.
 *
 * @param weights one per tensor, none negative, with a sum of 1.
 */
export function logWeightedMean(
  xs: readonly Symbolic[],
  weights: readonly number[],
  classCount: number,
  name: string,
): Symbolic {
  const { activation, add, concatenate, multiply, permute, rescaling, reshape } = tf.layers;
  const shifted = xs.map((x, index) =>
    rescaling({
      name: `${name}/weighted_${index + 1}`,
      scale: 1,
      offset: Math.log(Math.max(weights[index]!, smallestWeight)),
    }).apply(x),
  ) as Symbolic[];
  if (shifted.length === 1) return shifted[0]!;
  const joined = concatenate({ name: `${name}/joined` }).apply(shifted);
  const byTensor = reshape({ name: `${name}/by_tensor`, targetShape: [xs.length, classCount] }).apply(joined);
  const y = permute({ name: `${name}/by_class`, dims: [2, 1] }).apply(byTensor) as Symbolic;
  const shares = activation({ name: `${name}/shares`, activation: 'softmax' }).apply(y) as Symbolic;
  const logShares = activation({ name: `${name}/log_shares`, activation: logSoftmax }).apply(y);
  const negative = rescaling({ name: `${name}/negative`, scale: -1, offset: 0 }).apply(logShares) as Symbolic;
  const results = add({ name: `${name}/results` }).apply([y, negative]) as Symbolic;
  const weighted = multiply({ name: `${name}/weighted_results` }).apply([shares, results]) as Symbolic;
  const sums = fixedDense(weighted, `${name}/sums`, { kernel: xs.map(() => [1]) });
  return reshape({ name, targetShape: [classCount] }).apply(sums) as Symbolic;
}

// --- internal ---

/** Smaller weights count as this: its logarithm is finite, and the probability that it contributes is far below the smallest one. */
const smallestWeight = 1e-30;
