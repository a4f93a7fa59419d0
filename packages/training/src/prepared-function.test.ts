import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { prepareFunction } from './prepared-function.ts';

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0' });
});

const double = (x: tf.Tensor) => tf.mul(x, 2);

it.each([
  { compile: true, callCount: undefined, isCompiled: true },
  { compile: true, callCount: 100, isCompiled: true },
  { compile: true, callCount: 1, isCompiled: false },
  { compile: false, callCount: 100, isCompiled: false },
])('with compile $compile and $callCount expected calls, compiles: $isCompiled; the result is the same', (one) => {
  const { compile, callCount, isCompiled } = one;
  const before = tf.memory().numTensors;
  const prepared = prepareFunction({ compile }, callCount === undefined ? {} : { callCount }, double);
  expect(tf.tidy(() => [...prepared(tf.tensor1d([1, 2])).dataSync()])).toEqual([2, 4]);
  expect(prepared.metrics?.traceCount).toBe(isCompiled ? 1 : undefined);
  prepared.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
