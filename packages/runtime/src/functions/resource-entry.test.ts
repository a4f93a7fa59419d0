import tf from '@chorus/tfjs';
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

/** Creates a tensor in TensorFlow's memory. */
function increase(entry: ResourceEntry, by: tf.Tensor): void {
  const { binding } = backend;
  const dtype = { name: 'dtype', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  binding.executeOp('AssignAddVariableOp', [dtype], [entry.resource, ...backend.getInputTensorIds([by])], 0);
}

describe('a variable that moves into a resource', () => {
  it('keeps its value, shape and type', () => {
    const one = own(tf.tidy(() => tf.variable(tf.tensor2d([[1, 2, 3]], [1, 3], 'int32'))));
    resourceOf(backend, one);
    expect(entryOf(one)).toBeInstanceOf(ResourceEntry);
    expect([one.shape, one.dtype, [...one.dataSync()]]).toEqual([[1, 3], 'int32', [1, 2, 3]]);
    expect([...tf.add(one, 1).dataSync()]).toEqual([2, 3, 4]);
  });

  it('moves once, and again after an assignment', () => {
    const one = variable(1);
    const entry = resourceOf(backend, one);
    expect(resourceOf(backend, one)).toBe(entry);
    expect(writableResourceOf(backend, one)).toBe(entry);
    one.assign(tf.tensor1d([5]));
    expect(entryOf(one)).not.toBeInstanceOf(ResourceEntry);
    expect(resourceOf(backend, one)).not.toBe(entry);
    expect([...one.dataSync()]).toEqual([5]);
  });

  it('is read once between writes', () => {
    const one = variable(1);
    const entry = writableResourceOf(backend, one);
    const { id } = entry;
    expect(entry.id).toBe(id);
    expect(backend.binding.tensorDevice(id)).toMatch(/CPU/);
    writableResourceOf(backend, one);
    // The memory is not shared: TensorFlow writes to it without a copy.
    expect(() => backend.binding.tensorDevice(id)).toThrow();
    increase(entry, tf.tensor1d([10]));
    expect([...one.dataSync()]).toEqual([11]);
  });

  it('gets its own resource for writing if a clone shares the data', () => {
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

  it('frees its memory when its last tensor is disposed', () => {
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

  it('moves to another backend and back', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    const one = variable(1, 2);
    resourceOf(backend, one);
    const clone = one.clone();
    const before = backend.binding.getNumOfTensors();
    await tf.setBackend('cpu');
    try {
      expect([...tf.add(one, 1).dataSync()]).toEqual([2, 3]);
      expect([...tf.add(clone, 1).dataSync()]).toEqual([2, 3]);
      // The handle has been freed.
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
 * Creates arrays of ones. TensorFlow uses a typed array as its own memory if it begins at a multiple of 64 bytes, which
 * JavaScript cannot see: one of these sixteen does.
 */
function arraysOfAllAlignments(length: number): Float32Array[] {
  const apart = 64 * Math.ceil((4 * length) / 64) + 64;
  const memory = new ArrayBuffer(16 * apart);
  return Array.from({ length: 16 }, (_, index) => new Float32Array(memory, index * (apart + 4), length).fill(1));
}

describe('weights and the typed array that they were created from', () => {
  const gradient = () => tf.ones([1000]);
  const variableOf = (make: () => tf.Tensor) => own(tf.tidy(() => tf.variable(make())));
  const moments = () => [variableOf(() => tf.zeros([1000])), variableOf(() => tf.zeros([1000]))] as const;

  /** Asserts that TensorFlow has not written to the arrays, and that writes to the arrays do not change the weights. */
  const expectApart = (arrays: readonly Float32Array[], all: readonly tf.Variable[]) => {
    for (const array of arrays) expect(array.every((value) => value === 1)).toBe(true);
    const before = all.map((weights) => weights.dataSync());
    for (const array of arrays) array.fill(7);
    expect(all.map((weights) => weights.dataSync())).toEqual(before);
    for (const weights of all) changeInPlace(weights, ...moments(), gradient());
    for (const array of arrays) expect(array.every((value) => value === 7)).toBe(true);
  };

  it('would share memory without a copy: TensorFlow does use such an array as its own memory', () => {
    const arrays = arraysOfAllAlignments(1000);
    const tensors = arrays.map((array) => tf.tensor1d(array));
    for (const tensor of tensors) tf.neg(tensor);
    for (const array of arrays) array.fill(7);
    expect(tensors.filter((tensor) => tensor.dataSync()[0] === 7).length).toBeGreaterThan(0);
  });

  it('are separate after an eager Adam step', () => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => variableOf(() => tf.tensor1d(array)));
    for (const weights of all) changeInPlace(weights, ...moments(), gradient());
    expectApart(arrays, all);
  });

  it('are separate after a compiled step that only reads them', () => {
    const arrays = arraysOfAllAlignments(1000);
    const all = arrays.map((array) => variableOf(() => tf.tensor1d(array)));
    own(compile(() => all.map((weights) => tf.neg(weights))))();
    expectApart(arrays, all);
  });

  it('are separate after a compiled Adam step, and one after tf.Variable.assign', () => {
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
    ['its reshaped argument', (weights, x) => weights.assign(tf.reshape(tf.reshape(x, [10, 100]), [1000]))],
    // Grappler replaces these by their argument.
    ['a sum with zero', (weights, x) => weights.assign(tf.add(x, 0))],
    ['a sum with zeros', (weights, x) => weights.assign(tf.add(x, tf.zeros([1000])))],
    ['a difference with zeros', (weights, x) => weights.assign(tf.sub(x, tf.zeros([1000])))],
    ['a product with one', (weights, x) => weights.assign(tf.mul(x, tf.ones([1000])))],
    ['a quotient by one', (weights, x) => weights.assign(tf.div(x, tf.ones([1000])))],
    ['a constant', (weights, _, array) => weights.assign(tf.tensor1d(array))],
  ])('are separate after a compiled function has assigned %s', (_, assign) => {
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

  it('are separate after it has assigned its argument and updated it in place', () => {
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

it('an array from dataSync is not overwritten', () => {
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
