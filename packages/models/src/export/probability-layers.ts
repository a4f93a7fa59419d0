import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { OutputForm } from '../stackers/definition.ts';
import { logSoftmax } from './activation.ts';
import { fixedDense } from './fixed-dense.ts';

/** Logits [N, 1] for two classes (the second's), else [N, classCount] → probabilities [N, classCount], or their logarithms. */
export function classProbabilities(
  logits: Symbolic,
  classCount: number,
  name: string,
  form: OutputForm = 'probabilities',
): Symbolic {
  const activation = form === 'probabilities' ? 'softmax' : logSoftmax;
  // The softmax of 0 and z is 1 − σ(z) and σ(z).
  if (classCount === 2) return fixedDense(logits, name, { kernel: [[0, 1]], activation });
  return tf.layers.activation({ name, activation }).apply(logits) as Symbolic;
}

/** The mean of tensors of one shape; a single tensor is returned as it is. */
export function meanOf(xs: readonly Symbolic[], name: string): Symbolic {
  return xs.length === 1 ? xs[0]! : (tf.layers.average({ name }).apply([...xs]) as Symbolic);
}
