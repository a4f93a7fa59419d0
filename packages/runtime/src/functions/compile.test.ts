import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bytesTensor } from '../bytes-tensor.ts';
import { RuntimeError } from '../errors.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { Binding, NativeBackend } from '../tensorflow.ts';
import { compile, type Results } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { program } from './program.fixture.ts';

let backend: NativeBackend;
let binding: Binding;

beforeAll(() => {
  backend = useNativeBackend();
  ({ binding } = backend);
});
const own = nothingStays();
afterEach(() => vi.restoreAllMocks());

const ones = (...shape: number[]) => tf.ones(shape);

function valuesOf(...tensors: readonly tf.Tensor[]): number[][] {
  return tensors.map((tensor) => [...tensor.dataSync()]);
}

describe('a compiled function gives back', () => {
  it.each<[string, (x: tf.Tensor) => Results, unknown]>([
    ['a tensor', (x) => tf.add(x, 1), [2, 3]],
    ['one tensor in an array', (x) => [tf.add(x, 1)], [[2, 3]]],
    ['several', (x) => [tf.add(x, 1), tf.sum(x)], [[2, 3], [3]]],
    ['several by name', (x) => ({ sum: tf.sum(x), more: tf.add(x, 1) }), { sum: [3], more: [2, 3] }],
    ['none', () => [], []],
    ['none by name', () => ({}), {}],
    [
      'the same one twice',
      (x) => {
        const y = tf.add(x, 1);
        return [y, y];
      },
      [
        [2, 3],
        [2, 3],
      ],
    ],
    ['its argument', (x) => x, [1, 2]],
    [
      'its argument and what comes of it',
      (x) => [x, tf.neg(x), x],
      [
        [1, 2],
        [-1, -2],
        [1, 2],
      ],
    ],
    ['a constant', () => tf.tensor1d([5, 6]), [5, 6]],
  ])('%s', (_, fn, expected) => {
    const values = (result: Results): unknown => {
      if (result instanceof tf.Tensor) return [...result.dataSync()];
      if (Array.isArray(result)) return result.map(values);
      return Object.fromEntries(Object.entries(result).map(([name, tensor]) => [name, values(tensor)]));
    };
    const compiled = own(compile(fn));
    for (const _call of [1, 2]) expect(values(compiled(tf.tensor1d([1, 2])))).toEqual(expected);
  });

  it('a tensor from outside, of which it disposes no more than its caller does of the result', () => {
    const given = tf.tensor1d([7, 8]);
    const compiled = own(compile(() => given));
    compiled().dispose();
    expect(valuesOf(compiled(), given)).toEqual([
      [7, 8],
      [7, 8],
    ]);
  });

  it('tensors that belong to the scope of the call', () => {
    const compiled = own(compile((x: tf.Tensor) => [tf.add(x, 1), tf.neg(x)]));
    const x = ones(2);
    compiled(x);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      compiled(x);
    });
    expect(tf.memory().numTensors).toBe(before);
    compiled(x);
    expect(tf.memory().numTensors).toBe(before + 2);
  });
});

describe('a trace', () => {
  const bytes = (...shape: number[]) => bytesTensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

  it.each<[string, () => tf.Tensor[][], number]>([
    ['the same shape and type', () => [[ones(2, 3)], [tf.zeros([2, 3])], [tf.neg(ones(2, 3))]], 1],
    ['other shapes', () => [[ones(2, 3)], [ones(3, 2)], [ones(2, 3)]], 2],
    ['a scalar and a list of one', () => [[tf.scalar(1)], [ones(1)], [ones(1, 1)], [tf.scalar(2)]], 3],
    ['other types', () => [[ones(2)], [tf.ones([2], 'int32')], [tf.ones([2], 'bool')]], 3],
    ['bytes, which tfjs takes for int32', () => [[tf.ones([2], 'int32')], [bytes(2)], [bytes(2)]], 2],
    ['more arguments', () => [[ones(2)], [ones(2), ones(2)], [ones(2), ones(2)]], 2],
  ])('is made for each signature: %s', (_, calls, traceCount) => {
    const compiled = own(compile((...inputs: tf.Tensor[]) => tf.addN(inputs.map((one) => tf.cast(one, 'float32')))));
    for (const inputs of calls()) compiled(...inputs);
    expect(compiled.metrics).toMatchObject({ traceCount, cacheSize: traceCount });
  });

  it('runs JavaScript twice, and no call after it does', () => {
    let count = 0;
    const compiled = own(
      compile((x: tf.Tensor) => {
        count += 1;
        return tf.neg(x);
      }),
    );
    for (const _ of [1, 2, 3]) compiled(ones(2));
    expect(count).toBe(2);
  });

  it('makes one call of a function of many ops', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.sigmoid(tf.mul(tf.add(x, 1), tf.sub(x, 1)))));
    compiled(ones(2));
    const calls = [vi.spyOn(binding, 'callFunction'), vi.spyOn(backend, 'executeSingleOutput')] as const;
    compiled(ones(2));
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
  });

  it('that failed is made anew', () => {
    let fails = true;
    const compiled = own(
      compile((x: tf.Tensor) => {
        if (fails) throw new Error('not yet');
        return tf.neg(x);
      }),
    );
    expect(() => compiled(ones(1))).toThrow('not yet');
    fails = false;
    expect(valuesOf(compiled(ones(1)))).toEqual([[-1]]);
    expect(compiled.metrics.traceCount).toBe(1);
  });
});

describe('signatures', () => {
  /** Names of the functions that TensorFlow has been given and not been told to forget. */
  function watchFunctions(): Set<string> {
    const { addFunction, removeFunction } = binding;
    const names = new Set<string>();
    vi.spyOn(binding, 'addFunction').mockImplementation((graph, name, ...rest) => {
      addFunction(graph, name, ...rest);
      names.add(name);
    });
    vi.spyOn(binding, 'removeFunction').mockImplementation((name) => {
      removeFunction(name);
      names.delete(name);
    });
    return names;
  }

  it('are kept up to a number, of which the one goes that was not called for longest', () => {
    const names = watchFunctions();
    const compiled = own(compile((x: tf.Tensor) => tf.sum(x), { maximumSignatures: 2 }));
    const traced = (length: number) => {
      const before = compiled.metrics.traceCount;
      expect(valuesOf(compiled(ones(length)))).toEqual([[length]]);
      return compiled.metrics.traceCount > before;
    };
    expect([1, 2, 1, 2].map(traced)).toEqual([true, true, false, false]);
    expect([1, 3].map(traced)).toEqual([false, true]); // 2 has gone
    expect([1, 3].map(traced)).toEqual([false, false]);
    expect([2, 3, 1].map(traced)).toEqual([true, false, true]); // 1, and then 2
    expect(compiled.metrics.cacheSize).toBe(2);
    expect(names.size).toBe(2);
  });

  it('are eight unless told otherwise', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.sum(x)));
    for (let length = 1; length <= 10; length += 1) compiled(ones(length));
    expect(compiled.metrics).toMatchObject({ traceCount: 10, cacheSize: 8 });
  });

  it('are freed with the function: TensorFlow has no such op then', () => {
    const names = watchFunctions();
    const compiled = compile((x: tf.Tensor) => tf.sum(x), { name: 'summed' });
    for (const length of [1, 2, 3]) compiled(ones(length));
    const [name] = [...names] as [string];
    expect(names.size).toBe(3);
    compiled.dispose();
    expect(names.size).toBe(0);
    expect(() => binding.callFunction(name, new Uint8Array(), Int32Array.of(), 1)).toThrow(name);
    expect(compiled.metrics.cacheSize).toBe(0);
    expect(() => compiled(ones(1))).toThrow(
      new RuntimeError('The compiled function summed was called after it was disposed.'),
    );
    compiled.dispose();
  });

  it('are freed without the variables', () => {
    const variable = own(tf.tidy(() => tf.variable(ones(2))));
    const compiled = compile((x: tf.Tensor) => {
      variable.assign(tf.add(variable, x));
      return [];
    });
    compiled(ones(2));
    compiled.dispose();
    expect(valuesOf(variable, tf.add(variable, 1))).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });
});

describe('metrics', () => {
  it('tell of each trace its signature, its operations and the time of it and of the first call', () => {
    const compiled = own(compile((x: tf.Tensor, y: tf.Tensor) => tf.add(tf.neg(x), y)));
    compiled(ones(2, 3), tf.scalar(1));
    compiled(ones(2, 3), tf.scalar(1));
    compiled(ones(4), ones(4));
    const { firstCalls } = compiled.metrics;
    // Two arguments, Neg, AddV2 and the result.
    expect(firstCalls).toMatchObject([
      { signature: '[2,3] []', operationCount: 5 },
      { signature: '[4] [4]', operationCount: 5 },
    ]);
    for (const { traceMs, callMs } of firstCalls) {
      expect(traceMs).toBeGreaterThan(0);
      expect(callMs).toBeGreaterThan(0);
    }
  });

  it('count a small constant once, and one of another shape or type besides', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.mul(tf.sub(tf.add(x, 1), 1), tf.tensor1d([1, 1]))));
    compiled(ones(2));
    // An argument, 1, [1, 1], AddV2, Sub, Mul and the result.
    expect(compiled.metrics.firstCalls[0]!.operationCount).toBe(7);
  });

  it('keep the time of a call with its own signature, also if the first one failed', () => {
    const compiled = own(compile(outOfRange));
    expect(() => compiled(tf.tensor1d([9]), ones(1))).toThrow();
    compiled(tf.tensor1d([1, 2]), ones(2));
    const { callMs } = compiled.metrics.firstCalls[1]!;
    expect(compiled.metrics.firstCalls[0]!.callMs).toBeNaN();
    compiled(tf.tensor1d([1]), ones(1));
    expect(compiled.metrics.firstCalls[0]!.callMs).toBeGreaterThan(0);
    expect(compiled.metrics.firstCalls[1]!.callMs).toBe(callMs);
  });
});

/** Fails when it runs, for places above 3. */
function outOfRange(places: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.sparseToDense(tf.cast(places, 'int32') as tf.Tensor1D, values as tf.Tensor1D, [4]);
}

describe('a call', () => {
  it('that fails in TensorFlow says why, leaves nothing behind, and the next one works', () => {
    const compiled = own(compile(outOfRange));
    const [wrong, right, values] = [tf.tensor1d([9]), tf.tensor1d([1]), ones(1)];
    expect(() => compiled(wrong, values)).toThrow(/out of bounds|9/);
    const before = [tf.memory().numTensors, binding.getNumOfTensors()];
    expect(() => compiled(wrong, values)).toThrow();
    expect([tf.memory().numTensors, binding.getNumOfTensors()]).toEqual(before);
    expect(valuesOf(compiled(right, values))).toEqual([[0, 1, 0, 0]]);
  });

  it('with a disposed argument is refused', () => {
    const compiled = own(compile((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), { name: 'added' }));
    const x = ones(1);
    compiled(x, x);
    const gone = ones(1);
    gone.dispose();
    expect(() => compiled(x, gone)).toThrow(new RuntimeError('Argument 1 of added has been disposed.'));
  });

  it('inside of a gradient is refused', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.square(x), { name: 'squared' }));
    const message = 'The compiled function squared has no gradient; compile the step that takes gradients.';
    expect(() => tf.grad((x: tf.Tensor) => compiled(x))(ones(1))).toThrow(new RuntimeError(message));
    expect(valuesOf(compiled(ones(1)))).toEqual([[1]]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 3],
    ['a promise', Promise.resolve()],
    ['an array with something else', [undefined]],
    ['a record of arrays', { all: [1] }],
  ])('of a function that returns %s is refused', (_, result) => {
    const compiled = own(compile((() => result) as () => tf.Tensor, { name: 'wrong' }));
    expect(() => compiled()).toThrow(
      new RuntimeError('wrong must return a tensor, several in an array or some by name.'),
    );
  });

  it.each(['', '3 folds', 'über/x', '_hidden', 'Add', 'MatMul_1'])('of a function named “%s” works', (name) => {
    const compiled = own(compile((x: tf.Tensor) => tf.add(x, 1), { name }));
    expect(valuesOf(compiled(ones(1)))).toEqual([[2]]);
  });
});

describe('a tensor from outside', () => {
  it('is handed over at each call, of any type and however often it is used', () => {
    const [floats, whole, bytes] = [
      tf.tensor1d([1, 2]),
      tf.tensor1d([3, 4], 'int32'),
      bytesTensor(Uint8Array.of(5, 255), [2]),
    ];
    const compiled = own(
      compile((x: tf.Tensor) => [
        tf.add(x, floats),
        tf.add(tf.cast(whole, 'float32'), tf.mul(floats, x)),
        tf.cast(bytes, 'float32'),
        tf.reshape(floats, [2, 1]),
      ]),
    );
    const expected = [
      [2, 3],
      [4, 6],
      [5, 255],
      [1, 2],
    ];
    for (const _ of [1, 2]) expect(valuesOf(...compiled(ones(2)))).toEqual(expected);
    expect(floats.isDisposed || whole.isDisposed || bytes.isDisposed).toBe(false);
  });

  it('that is disposed before a later call is an error that names its shape and line', () => {
    const mean = tf.tensor2d([[1, 2]]);
    const text = '(x) => {\n  const y = x.neg();\n  return y.sub(mean);\n}';
    const compiled = own(compile(program(text, { mean }), { name: 'centered' }));
    compiled(ones(1, 2));
    mean.dispose();
    expect(() => compiled(ones(1, 2))).toThrow(
      /^centered_\d+ uses a tensor of shape \[1,2\] from outside, at \/user\/program\.js:3:\d+, which has been disposed\.$/,
    );
  });

  it('counts with the value that it was captured with when it is a clone of a variable', () => {
    const variable = own(tf.tidy(() => tf.variable(ones(1))));
    const snapshot = variable.clone();
    const compiled = own(
      compile(() => {
        variable.assign(tf.add(variable, 1));
        return snapshot;
      }),
    );
    for (const _ of [1, 2, 3]) expect(valuesOf(compiled())).toEqual([[1]]);
    expect(valuesOf(variable)).toEqual([[4]]);
  });
});
