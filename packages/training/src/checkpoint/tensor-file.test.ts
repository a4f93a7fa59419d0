import { initRuntime } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it, test } from 'vitest';
import { assignStored, tableOf, tensorBytes } from './tensor-file.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

const named = (values: Record<string, tf.Variable>) =>
  Object.entries(values).map(([name, tensor]) => ({ name, tensor }));
const variable = (values: Float32Array, shape: number[]) => tf.tidy(() => tf.variable(tf.tensor(values, shape)));

it('restores every bit', () => {
  // Two NaNs, both zeros, the smallest number above zero, and infinity.
  const bits = Uint32Array.of(0x7fc00000, 0x7fc00001, 0x80000000, 0, 1, 0x7f800000);
  const stored = named({ a: variable(new Float32Array(bits.buffer), [2, 3]), b: variable(Float32Array.of(5), []) });
  const bytes = tensorBytes(stored);
  const restored = named({ a: variable(new Float32Array(6), [2, 3]), b: variable(new Float32Array(1), []) });
  const before = tf.memory().numTensors;
  assignStored(restored, { table: tableOf(stored), bytes }, 'it');
  expect(tf.memory().numTensors).toBe(before);
  expect(tensorBytes(restored)).toEqual(bytes);
  expect([...new Uint32Array(bytes.slice(0, 24).buffer)]).toEqual([...bits]);
});

const one = () => variable(Float32Array.of(1), [1]);
test.each<[string, Record<string, tf.Variable>, RegExp]>([
  ['another name', { b: one() }, /^it does not fit this training: expected b \[1\], received a \[1\]\. Remove/],
  ['another shape', { a: variable(Float32Array.of(1, 2), [2]) }, /expected a \[2\], received a \[1\]/],
  ['no tensor', {}, /expected no further tensor, received a \[1\]/],
])('refuses to restore %s', (_, variables, message) => {
  const stored = named({ a: one() });
  const restore = () => assignStored(named(variables), { table: tableOf(stored), bytes: tensorBytes(stored) }, 'it');
  expect(restore).toThrow(StorageError);
  expect(restore).toThrow(message);
});

it('refuses bytes that are too few', () => {
  const stored = named({ a: one() });
  const table = tableOf(stored);
  expect(() => assignStored(stored, { table, bytes: new Uint8Array(3) }, 'it')).toThrow(
    'it is damaged: expected 4 bytes, received 3.',
  );
});
