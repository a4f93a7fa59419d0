/** How a lane runs a function of tensors that it calls again and again: compiled, or op by op. */
import { type CompileMetrics, type CompileOptions, compile, type Results } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';

/** Settings of a lane. */
export interface ComputeSettings {
  /** Whether functions are compiled: TensorFlow runs each as one op. */
  compile: boolean;
  /** What training steps compute in; `auto`: what the backbone is faster in. Weights are float32 in any case. */
  precision: 'auto' | Precision;
}

/** What a function's convolutions and products are computed in. */
export type Precision = 'float32' | 'bfloat16';

export interface PreparedFunction<Inputs extends readonly tf.Tensor[], Result extends Results> {
  /** The caller disposes results, not inputs. */
  (...inputs: Inputs): Result;
  /** What compiling has cost; undefined where nothing is compiled. */
  readonly metrics: Readonly<CompileMetrics> | undefined;
  dispose(): void;
}

/**
 * Prepares `fn` for many calls.
 *
 * @param fn as `compile` takes it: of tensors alone, whichever way it is run.
 */
export function prepareFunction<Inputs extends readonly tf.Tensor[], Result extends Results>(
  settings: Pick<ComputeSettings, 'compile'>,
  options: CompileOptions,
  fn: (...inputs: Inputs) => Result,
): PreparedFunction<Inputs, Result> {
  if (settings.compile) return compile(fn, options);
  const plain = (...inputs: Inputs) => tf.tidy(() => fn(...inputs) as tf.TensorContainer) as Result;
  return Object.assign(plain, { metrics: undefined, dispose() {} });
}
