import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { adam } from '../kernels/adam.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { changeInPlace } from './change-in-place.fixture.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { ResourceEntry, resourceOf, writableResourceOf } from './resource-entry.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

function variable(...values: number[]): tf.Variable {
  return own(tf.tidy(() => tf.variable(tf.tensor1d(values))));
}

function entryOf(tensor: tf.Tensor) {
  return backend.tensorMap.get(tensor.dataId);
}

/** In TensorFlow's memory. */
function increase(entry: ResourceEntry, by: tf.Tensor): void {
  const { binding } = backend;
  const dtype = { name: 'dtype', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  binding.executeOp('AssignAddVariableOp', [dtype], [entry.resource, ...backend.getInputTensorIds([by])], 0);
}

describe('a variable that moves into a resource', () => {
  it('has its value, shape and type as before', () => {
    const one = own(tf.tidy(() => tf.variable(tf.tensor2d([[1, 2, 3]], [1, 3], 'int32'))));
    resourceOf(backend, one);
    expect(entryOf(one)).toBeInstanceOf(ResourceEntry);
    expect([one.shape, one.dtype, [...one.dataSync()]]).toEqual([[1, 3], 'int32', [1, 2, 3]]);
    expect([...tf.add(one, 1).dataSync()]).toEqual([2, 3, 4]);
  });

  it('moves once, and again after it was assigned to', () => {
    const one = variable(1);
    const entry = resourceOf(backend, one);
    expect(resourceOf(backend, one)).toBe(entry);
    expect(writableResourceOf(backend, one)).toBe(entry);
    one.assign(tf.tensor1d([5]));
    expect(entryOf(one)).not.toBeInstanceOf(ResourceEntry);
    expect(resourceOf(backend, one)).not.toBe(entry);
    expect([...one.dataSync()]).toEqual([5]);
  });

  it('is read once until it is written to, and then anew', () => {
    const one = variable(1);
    const entry = writableResourceOf(backend, one);
    const { id } = entry;
    expect(entry.id).toBe(id);
    expect(backend.binding.tensorDevice(id)).toMatch(/CPU/);
    writableResourceOf(backend, one);
    // Nobody shares the memory: TensorFlow writes to it without a copy.
    expect(() => backend.binding.tensorDevice(id)).toThrow();
    increase(entry, tf.tensor1d([10]));
    expect([...one.dataSync()]).toEqual([11]);
  });

  it('leaves a clone where it was: to be written to, it gets a resource of its own', () => {
    const one = variable(1);
    const first = resourceOf(backend, one);
    const clone = one.clone();
    expect(resourceOf(backend, one)).toBe(first);
    const second = writableResourceOf(backend, one);
    expect(second).not.toBe(first);
    expect(entryOf(clone)).toBe(first);
    increase(second, tf.tensor1d([10]));
    expect([[...one.dataSync()], [...clone.dataSync()]]).toEqual([[11], [1]]);
    clone.dispose();
    expect(writableResourceOf(backend, one)).toBe(second);
  });

  it('takes its memory with it when the last tensor of it is disposed', () => {
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers, backend.binding.getNumOfTensors()];
    const one = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    resourceOf(backend, one);
    const clone = one.clone();
    expect(one.dataSync()).toEqual(clone.dataSync());
    one.dispose();
    expect([...clone.dataSync()]).toEqual([1, 2]);
    clone.dispose();
    expect([tf.memory().numTensors, tf.memory().numDataBuffers, backend.binding.getNumOfTensors()]).toEqual(before);
  });

  it('goes to another backend and back', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    const one = variable(1, 2);
    resourceOf(backend, one);
    const clone = one.clone();
    const before = backend.binding.getNumOfTensors();
    await tf.setBackend('cpu');
    try {
      expect([...tf.add(one, 1).dataSync()]).toEqual([2, 3]);
      expect([...tf.add(clone, 1).dataSync()]).toEqual([2, 3]);
      // The handle has gone.
      expect(backend.binding.getNumOfTensors()).toBe(before - 1);
    } finally {
      await tf.setBackend('tensorflow');
      vi.restoreAllMocks();
    }
    const step = own(
      compile(() => {
        one.assign(tf.mul(one, 2));
        return [];
      }),
    );
    step();
    expect([...one.dataSync()]).toEqual([2, 4]);
  });
});

/**
 * Of ones. TensorFlow takes a typed array for its own memory where that begins at a multiple of 64 bytes, which JavaScript
 * is not told: one of these sixteen does.
 */
function arraysOfAllAlignments(length: number): Float32Array[] {
  const apart = 64 * Math.ceil((4 * length) / 64) + 64;
  const memory = new ArrayBuffer(16 * apart);
  return Array.from({ length: 16 }, (_, index) => new Float32Array(memory, index * (apart + 4), length).fill(1));
}

describe('weights and the typed array that they were given', () => {
  const gradient = () => tf.ones([1000]);
  const variableOf = (make: () => tf.Tensor) => own(tf.tidy(() => tf.variable(make())));
  const moments = () => [variableOf(() => tf.zeros([1000])), variableOf(() => tf.zeros([1000]))] as const;

  /** Neither has TensorFlow written to the arrays, nor does JavaScript's writing reach the weights. */
  const expectApart = (arrays: readonly Float32Array[], all: readonly tf.Variable[]) => {
    for (const array of arrays) expect(array.every((value) => value === 1)).toBe(true);
    const before = all.map((weights) => weights.dataSync());
    for (const array of arrays) array.fill(7);
    expect(all.map((weights) => weights.dataSync())).toEqual(before);
    for (const weights of all) changeInPlace(weights, ...moments(), gradient());
    for (const array of arrays) expect(array.every((value) => value === 7)).toBe(true);
  };

  it('would be seen to be one: TensorFlow does take such an array for its own', () => {
    const arrays = arraysOfAllAlignments(1000);
    const tensors = arrays.map((array) => tf.tensor1d(array));
    for (const tensor of tensors) tf.neg(tensor);
    for (const array of arrays) array.fill(7);
    expect(tensors.filter((tensor) => tensor.dataSync()[0] === 7).length).toBeGreaterThan(0);
  });

  it('are apart after an eager step of Adam', () => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => variableOf(() => tf.tensor1d(array)));
    for (const weights of all) changeInPlace(weights, ...moments(), gradient());
    expectApart(arrays, all);
  });

  it('are apart after a compiled step that only reads them', () => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => variableOf(() => tf.tensor1d(array)));
    own(compile(() => all.map((weights) => tf.neg(weights))))();
    expectApart(arrays, all);
  });

  it('are apart after a compiled step of Adam, and one behind tf.Variable.assign', () => {
    const [arrays, later] = [arraysOfAllAlignments(1000), arraysOfAllAlignments(1000)];
    const all = arrays.map((array) => variableOf(() => tf.tensor1d(array)));
    const own3 = all.map((weights) => [weights, ...moments()] as const);
    const step = own(
      compile((g: tf.Tensor) => {
        for (const one of own3) changeInPlace(...one, g);
        return [];
      }),
    );
    step(gradient());
    expectApart(arrays, all);
    tf.tidy(() => {
      for (const [index, weights] of all.entries()) weights.assign(tf.tensor1d(later[index]!));
    });
    step(gradient());
    expectApart(later, all);
  });

  it.each<[string, (weights: tf.Variable, x: tf.Tensor, array: Float32Array) => void]>([
    ['its argument', (weights, x) => weights.assign(x)],
    ['a clone of it', (weights, x) => weights.assign(x.clone())],
    ['a reshaped one', (weights, x) => weights.assign(tf.reshape(tf.reshape(x, [10, 100]), [1000]))],
    // Grappler takes these for their argument.
    ['a sum with zero', (weights, x) => weights.assign(tf.add(x, 0))],
    ['a sum with zeros', (weights, x) => weights.assign(tf.add(x, tf.zeros([1000])))],
    ['a difference to zero', (weights, x) => weights.assign(tf.sub(x, tf.zeros([1000])))],
    ['a product with one', (weights, x) => weights.assign(tf.mul(x, tf.ones([1000])))],
    ['a quotient by one', (weights, x) => weights.assign(tf.div(x, tf.ones([1000])))],
    ['a constant', (weights, _, array) => weights.assign(tf.tensor1d(array))],
  ])('are apart after a compiled function has assigned %s', (_, assign) => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => {
      const weights = variableOf(() => tf.zeros([1000]));
      const step = own(
        compile((x: tf.Tensor) => {
          assign(weights, x, array);
          return [];
        }),
      );
      step(tf.tensor1d(array));
      return weights;
    });
    expectApart(arrays, all);
  });

  it('are apart after it has assigned its argument and changed that in place', () => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => {
      const [weights, m, v] = [variableOf(() => tf.zeros([1000])), ...moments()];
      const step = own(
        compile((x: tf.Tensor, g: tf.Tensor) => {
          weights.assign(x);
          changeInPlace(weights, m, v, g);
          return [];
        }),
      );
      step(tf.tensor1d(array), gradient());
      return weights;
    });
    expectApart(arrays, all);
  });
});

it('what dataSync gave is not written to', () => {
  const weights = own(tf.tidy(() => tf.variable(tf.ones([1000]))));
  const [m, v] = [own(tf.tidy(() => tf.variable(tf.zeros([1000])))), own(tf.tidy(() => tf.variable(tf.zeros([1000]))))];
  const read: Float32Array[] = [];
  for (const _ of [1, 2, 3]) {
    changeInPlace(weights, m, v, tf.ones([1000]));
    read.push(weights.dataSync<'float32'>());
  }
  const copies = read.map((values) => values[0]!);
  expect(copies[0]).toBeGreaterThan(copies[1]!);
  expect(copies[1]).toBeGreaterThan(copies[2]!);
});

it(`the kernel ${adam} moves its variables into resources`, () => {
  const all = [variable(1), variable(0), variable(0)] as const;
  changeInPlace(...all, tf.tensor1d([1]));
  for (const one of all) expect(entryOf(one)).toBeInstanceOf(ResourceEntry);
});
