import tf from '@chorus/tfjs';
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

describe('a compiled function returns', () => {
  it.each<[string, (x: tf.Tensor) => Results, unknown]>([
    ['a tensor', (x) => tf.add(x, 1), [2, 3]],
    ['an array of one tensor', (x) => [tf.add(x, 1)], [[2, 3]]],
    ['an array of tensors', (x) => [tf.add(x, 1), tf.sum(x)], [[2, 3], [3]]],
    ['a record of tensors', (x) => ({ sum: tf.sum(x), more: tf.add(x, 1) }), { sum: [3], more: [2, 3] }],
    ['an empty array', () => [], []],
    ['an empty record', () => ({}), {}],
    [
      'the same tensor twice',
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
      'its argument and a result of it',
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

  it('a captured tensor, which remains valid after the caller disposes the result', () => {
    const given = tf.tensor1d([7, 8]);
    const compiled = own(compile(() => given));
    compiled().dispose();
    expect(valuesOf(compiled(), given)).toEqual([
      [7, 8],
      [7, 8],
    ]);
  });

  it('tensors in the scope of the call', () => {
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
    ['uint8, which is int32 to tfjs', () => [[tf.ones([2], 'int32')], [bytes(2)], [bytes(2)]], 2],
    ['more arguments', () => [[ones(2)], [ones(2), ones(2)], [ones(2), ones(2)]], 2],
  ])('is made for each signature: %s', (_, calls, traceCount) => {
    const compiled = own(compile((...inputs: tf.Tensor[]) => tf.addN(inputs.map((one) => tf.cast(one, 'float32')))));
    for (const inputs of calls()) compiled(...inputs);
    expect(compiled.metrics).toMatchObject({ traceCount, cacheSize: traceCount });
  });

  it('runs JavaScript twice, and later calls do not', () => {
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

  it('turns many ops into one call', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.sigmoid(tf.mul(tf.add(x, 1), tf.sub(x, 1)))));
    compiled(ones(2));
    const calls = [vi.spyOn(binding, 'callFunction'), vi.spyOn(backend, 'executeSingleOutput')] as const;
    compiled(ones(2));
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
  });

  it('is repeated after a failure', () => {
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
  /** Names of the functions that were added to TensorFlow and not removed. */
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

  it('are cached up to a maximum number, and the least recently called one is evicted', () => {
    const names = watchFunctions();
    const compiled = own(compile((x: tf.Tensor) => tf.sum(x), { maximumSignatures: 2 }));
    const traced = (length: number) => {
      const before = compiled.metrics.traceCount;
      expect(valuesOf(compiled(ones(length)))).toEqual([[length]]);
      return compiled.metrics.traceCount > before;
    };
    expect([1, 2, 1, 2].map(traced)).toEqual([true, true, false, false]);
    expect([1, 3].map(traced)).toEqual([false, true]); // evicts 2
    expect([1, 3].map(traced)).toEqual([false, false]);
    expect([2, 3, 1].map(traced)).toEqual([true, false, true]); // 1, and then 2
    expect(compiled.metrics.cacheSize).toBe(2);
    expect(names.size).toBe(2);
  });

  it('are at most eight by default', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.sum(x)));
    for (let length = 1; length <= 10; length += 1) compiled(ones(length));
    expect(compiled.metrics).toMatchObject({ traceCount: 10, cacheSize: 8 });
  });

  it('are freed with the function: TensorFlow then lacks the op', () => {
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
  it('report the signature, the operation count, and the times of the trace and the first call', () => {
    const compiled = own(compile((x: tf.Tensor, y: tf.Tensor) => tf.add(tf.neg(x), y)));
    compiled(ones(2, 3), tf.scalar(1));
    compiled(ones(2, 3), tf.scalar(1));
    compiled(ones(4), ones(4));
    const { firstCalls } = compiled.metrics;
    // Two arguments, Neg, AddV2, and the result.
    expect(firstCalls).toMatchObject([
      { signature: '[2,3] []', operationCount: 5 },
      { signature: '[4] [4]', operationCount: 5 },
    ]);
    for (const { traceMs, callMs } of firstCalls) {
      expect(traceMs).toBeGreaterThan(0);
      expect(callMs).toBeGreaterThan(0);
    }
  });

  it('count equal small constants of the same shape and type once', () => {
    const compiled = own(compile((x: tf.Tensor) => tf.mul(tf.sub(tf.add(x, 1), 1), tf.tensor1d([1, 1]))));
    compiled(ones(2));
    // An argument, 1, [1, 1], AddV2, Sub, Mul and the result.
    expect(compiled.metrics.firstCalls[0]!.operationCount).toBe(7);
  });

  it('record the time of a call with its signature, also if the first call failed', () => {
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

/** Fails at run time for indices above 3. */
function outOfRange(places: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.sparseToDense(tf.cast(places, 'int32') as tf.Tensor1D, values as tf.Tensor1D, [4]);
}

describe('a call', () => {
  it('that fails in TensorFlow reports the reason and leaves no tensor, and the next one works', () => {
    const compiled = own(compile(outOfRange));
    const [wrong, right, values] = [tf.tensor1d([9]), tf.tensor1d([1]), ones(1)];
    expect(() => compiled(wrong, values)).toThrow(/out of bounds|9/);
    const before = [tf.memory().numTensors, binding.getNumOfTensors()];
    expect(() => compiled(wrong, values)).toThrow();
    expect([tf.memory().numTensors, binding.getNumOfTensors()]).toEqual(before);
    expect(valuesOf(compiled(right, values))).toEqual([[0, 1, 0, 0]]);
  });

  it('with a disposed argument is rejected', () => {
    const compiled = own(compile((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), { name: 'added' }));
    const x = ones(1);
    compiled(x, x);
    const gone = ones(1);
    gone.dispose();
    expect(() => compiled(x, gone)).toThrow(new RuntimeError('Argument 1 of added has been disposed.'));
  });

  it('within a gradient is rejected', () => {
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
    ['an array with a non-tensor', [undefined]],
    ['a record of arrays', { all: [1] }],
  ])('of a function that returns %s is rejected', (_, result) => {
    const compiled = own(compile((() => result) as () => tf.Tensor, { name: 'wrong' }));
    expect(() => compiled()).toThrow(
      new RuntimeError('wrong must return a tensor, an array of tensors, or an object whose values are tensors.'),
    );
  });

  it.each(['', '3 folds', 'über/x', '_hidden', 'Add', 'MatMul_1'])('of a function named “%s” works', (name) => {
    const compiled = own(compile((x: tf.Tensor) => tf.add(x, 1), { name }));
    expect(valuesOf(compiled(ones(1)))).toEqual([[2]]);
  });
});

describe('a captured tensor', () => {
  it('is passed at each call, for any type and number of uses', () => {
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

  it('that is disposed before a later call causes an error with its shape and line', () => {
    const mean = tf.tensor2d([[1, 2]]);
    const text = '(x) => {\n  const y = x.neg();\n  return y.sub(mean);\n}';
    const compiled = own(compile(program(text, { mean }), { name: 'centered' }));
    compiled(ones(1, 2));
    mean.dispose();
    expect(() => compiled(ones(1, 2))).toThrow(
      /^centered_\d+ captured a tensor of shape \[1,2\] at \/user\/program\.js:3:\d+, which has been disposed\.$/,
    );
  });

  it('that is a clone of a variable keeps its captured value', () => {
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
