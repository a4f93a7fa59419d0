/** How Chorus computes: op by op, as tfjs does it, or as one op of TensorFlow. Both have to be what Keras computes. */
import { type CompileOptions, compile, type Results } from '@chorus/runtime';
import type * as tf from '@tensorflow/tfjs';

export const ways = ['op by op', 'compiled'] as const;
export type Way = (typeof ways)[number];

/**
 * What `use` makes of a function that computes in this way.
 *
 * @param options for the one that is compiled, which is disposed afterwards.
 */
export function inWay<Inputs extends readonly tf.Tensor[], Result extends Results, Found>(
  way: Way,
  fn: (...inputs: Inputs) => Result,
  use: (fn: (...inputs: Inputs) => Result) => Found,
  options?: CompileOptions,
): Found {
  if (way === 'op by op') return use(fn);
  const compiled = compile(fn, options);
  try {
    return use(compiled);
  } finally {
    compiled.dispose();
  }
}

/** As lanes compile a training step of float32: grappler leaves it alone. */
export const training: CompileOptions = { optimizes: false };
