import tf from '@chorus/tfjs';
import { expect } from 'vitest';
import { compile, type Results } from './compile.ts';

export type Op = (...inputs: tf.Tensor[]) => Results;

/** Numbers from −1 to 1 that depend on `start`: the fractional parts of multiples of the golden ratio. */
export function numbers(shape: readonly number[], start = 1): tf.Tensor {
  const length = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length }, (_, index) => 2 * (((start + index) * 0.6180339887) % 1) - 1);
  return tf.tensor(values, [...shape]);
}

/** Asserts that a function has the same results compiled, with and without grappler, as eagerly. */
export function expectSameCompiled(op: Op, inputs: readonly tf.Tensor[]): void {
  const eager = op(...inputs);
  // Some kernels differ in the last bits between the two; grappler reorders sums.
  for (const [optimizes, tolerance] of [
    [false, 1e-6],
    [true, 1e-5],
  ] as const) {
    const compiled = compile(op, { optimizes });
    try {
      const results = compiled(...inputs);
      expect(namesOf(results)).toEqual(namesOf(eager));
      for (const [index, result] of listOf(results).entries()) expectClose(result, listOf(eager)[index]!, tolerance);
    } finally {
      compiled.dispose();
    }
  }
}

// --- internal ---

function expectClose(tensor: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  expect([tensor.dtype, tensor.shape]).toEqual([expected.dtype, expected.shape]);
  const [found, wanted] = [tensor.dataSync(), expected.dataSync()] as [Float32Array, Float32Array];
  const largest = wanted.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
  const isClose = (value: number, index: number) =>
    Object.is(value, wanted[index]) ||
    Math.abs(value - wanted[index]!) <= (tensor.dtype === 'float32' ? tolerance * largest : 0);
  if (!found.every(isClose)) expect(found).toEqual(wanted);
}

function listOf(results: Results): readonly tf.Tensor[] {
  return results instanceof tf.Tensor ? [results] : Object.values(results);
}

function namesOf(results: Results): string[] | undefined {
  return results instanceof tf.Tensor ? undefined : Object.keys(results);
}
