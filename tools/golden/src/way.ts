/** The execution modes of Chorus: op by op, as in tfjs, or compiled to one TensorFlow op. Both must equal Keras. */
import { type CompileOptions, compile, type Results } from '@chorus/runtime';
import type tf from '@chorus/tfjs';

export const ways = ['op by op', 'compiled'] as const;
export type Way = (typeof ways)[number];

/**
 * Passes a function in this execution mode to `use` and returns its result.
 *
 * @param options for the compiled function, which is disposed afterwards.
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

/** The options with which lanes compile a float32 training step: without grappler. */
export const training: CompileOptions = { optimizes: false };
