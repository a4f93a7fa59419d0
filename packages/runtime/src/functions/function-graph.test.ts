import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import type { Numbers } from './attr-value.ts';
import { encodeFunctionConfig } from './function-config.ts';
import { FunctionGraph } from './function-graph.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});

afterEach(() => vi.restoreAllMocks());

interface Value {
  dtype: number;
  shape: readonly number[];
  values: Numbers;
}

/** Returns TensorFlow's value of an output of a graph without inputs. */
function run(outputOf: (graph: FunctionGraph) => number): Value {
  const { binding } = backend;
  const graph = new FunctionGraph(binding);
  try {
    graph.addFunction('value', [], [outputOf(graph)], []);
    const config = encodeFunctionConfig({ optimizes: false });
    const tensor = backend.createOutputTensor(binding.callFunction('value', config, Int32Array.of(), 1)[0]!);
    binding.removeFunction('value');
    const { dtype } = backend.tensorMap.get(tensor.dataId);
    const value = { dtype, shape: tensor.shape, values: tensor.dataSync() as Numbers };
    tensor.dispose();
    return value;
  } finally {
    graph.dispose();
  }
}

function constant({ dtype, shape, values }: Value): Value {
  return run((graph) => graph.constant(dtype, shape, values).outputs[0]!.id);
}

/** Casts uint8 data, which the binding cannot read, to int32. */
function castConstant({ dtype, shape, values }: Value): Value {
  const { TF_ATTR_TYPE, TF_INT32 } = backend.binding;
  return run((graph) => {
    const types = [
      { name: 'SrcT', type: TF_ATTR_TYPE, value: dtype },
      { name: 'DstT', type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    return graph.add('Cast', types, [graph.constant(dtype, shape, values).outputs[0]!.id]).outputs[0]!.id;
  });
}

describe('a constant', () => {
  /** Up to four dimensions, possibly 0, filled with different numbers or with one number. */
  const filled = (one: fc.Arbitrary<number>) =>
    fc
      .tuple(fc.array(fc.nat(4), { maxLength: 4 }), fc.array(one, { minLength: 1, maxLength: 3 }))
      .map(([shape, numbers]) => {
        const length = shape.reduce((product, side) => product * side, 1);
        return { shape, numbers: Array.from({ length }, (_, index) => numbers[index % numbers.length]!) };
      });

  it.each<[string, 'TF_FLOAT' | 'TF_INT32' | 'TF_BOOL', (numbers: number[]) => Numbers, fc.Arbitrary<number>]>([
    ['float32', 'TF_FLOAT', (numbers) => Float32Array.from(numbers), fc.float()],
    ['int32', 'TF_INT32', (numbers) => Int32Array.from(numbers), fc.integer()],
    ['bool', 'TF_BOOL', (numbers) => Uint8Array.from(numbers), fc.nat(1)],
  ])('of %s has the encoded value in TensorFlow', (_, type, from, one) => {
    fc.assert(
      fc.property(filled(one), ({ shape, numbers }) => {
        const value = { dtype: backend.binding[type], shape, values: from(numbers) };
        expect(constant(value)).toEqual(value);
      }),
    );
  });

  it('of uint8 has the encoded value in TensorFlow', () => {
    const { TF_UINT8, TF_INT32 } = backend.binding;
    fc.assert(
      fc.property(filled(fc.nat(255)), ({ shape, numbers }) => {
        const read = castConstant({ dtype: TF_UINT8, shape, values: Uint8Array.from(numbers) });
        expect(read).toEqual({ dtype: TF_INT32, shape, values: Int32Array.from(numbers) });
      }),
    );
  });

  it.each([
    ['zeros of both signs', Float32Array.of(0, -0)],
    ['negative zeros', Float32Array.of(-0, -0, -0)],
    ['NaN', Float32Array.of(Number.NaN, Number.NaN)],
    [
      'the largest, the smallest and infinite numbers',
      Float32Array.of(3.4028234663852886e38, 1e-45, Infinity, -Infinity),
    ],
    ['a subarray', new Float32Array([9, 1, 2, 9]).subarray(1, 3)],
    ['four million different numbers', Float32Array.from({ length: 2 ** 22 }, (_, index) => index)],
    ['the limits of int32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    ['many of the smallest int32', new Int32Array(5).fill(-(2 ** 31))],
    ['many true values', new Uint8Array(5).fill(1)],
  ])('preserves %s', (_, values) => {
    const { TF_FLOAT, TF_INT32, TF_BOOL } = backend.binding;
    const dtype = values instanceof Float32Array ? TF_FLOAT : values instanceof Int32Array ? TF_INT32 : TF_BOOL;
    const value = { dtype, shape: [values.length], values };
    const { values: found, ...rest } = constant(value);
    expect(rest).toEqual({ dtype, shape: [values.length] });
    expect(Buffer.compare(bytesOf(found), bytesOf(values))).toBe(0);
  });
});

describe('a graph', () => {
  const inGraph = <T>(work: (graph: FunctionGraph) => T): T => {
    const graph = new FunctionGraph(backend.binding);
    try {
      return work(graph);
    } finally {
      graph.dispose();
    }
  };
  const typed = (dtype: number) => ({ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: dtype });

  it('infers the shape of an added operation from its inputs', () => {
    const { TF_FLOAT, TF_INT32 } = backend.binding;
    inGraph((graph) => {
      const [a, b] = [graph.placeholder(TF_FLOAT, [2, 3]), graph.placeholder(TF_FLOAT, [3, 5])];
      const inputs = [a.outputs[0]!.id, b.outputs[0]!.id];
      const { outputs } = graph.add('MatMul', [typed(TF_FLOAT)], inputs);
      expect(outputs).toMatchObject([{ dtype: TF_FLOAT, shape: [2, 5] }]);
      const perm = graph.constant(TF_INT32, [2], Int32Array.of(1, 0)).outputs[0]!.id;
      const transposed = graph.add('Transpose', [typed(TF_FLOAT)], [outputs[0]!.id, perm]);
      expect(transposed.outputs[0]!.shape).toEqual([5, 2]);
    });
  });

  it('returns null for a shape that depends on data, until setShape', () => {
    const { TF_FLOAT, TF_BOOL, TF_RESOURCE, TF_ATTR_TYPE } = backend.binding;
    inGraph((graph) => {
      const condition = graph.placeholder(TF_BOOL, [4]).outputs[0]!.id;
      expect(graph.add('Where', [typed(TF_BOOL)], [condition]).outputs[0]!.shape).toBeNull();
      const resource = graph.placeholder(TF_RESOURCE, []).outputs[0]!.id;
      const dtype = { name: 'dtype', type: TF_ATTR_TYPE, value: TF_FLOAT };
      const read = graph.add('ReadVariableOp', [dtype], [resource]).outputs[0]!;
      expect(read.shape).toBeNull();
      graph.setShape(read.id, [2, 2]);
      expect(graph.add('Relu', [typed(TF_FLOAT)], [read.id]).outputs[0]!.shape).toEqual([2, 2]);
    });
  });

  it('becomes a function of all operations that outputs and controls need, directly or indirectly', () => {
    const { binding } = backend;
    const added = vi.spyOn(binding, 'addFunction').mockReturnValue();
    inGraph((graph) => {
      const x = graph.placeholder(binding.TF_FLOAT, [3]);
      const one = graph.constant(binding.TF_FLOAT, [3], Float32Array.of(1, 2, 3));
      const sum = graph.add('AddV2', [typed(1)], [x.outputs[0]!.id, one.outputs[0]!.id]);
      const earlier = graph.add('Neg', [typed(1)], [x.outputs[0]!.id]);
      const control = graph.add('Relu', [typed(1)], [x.outputs[0]!.id], [earlier.operation]);
      graph.add('Square', [typed(1)], [sum.outputs[0]!.id], [control.operation]);
      graph.addFunction('some', [x.outputs[0]!.id], [sum.outputs[0]!.id], [control.operation]);
      const needed = [one, sum, earlier, control].map(({ operation }) => operation);
      expect([...added.mock.calls[0]![5]].toSorted((a, b) => a - b)).toEqual(needed);
    });
  });

  it.each<[string, (graph: FunctionGraph, x: number) => void, RegExp]>([
    ['an op that does not exist', (graph, x) => graph.add('NoSuchOp', [], [x]), /NoSuchOp/],
    ['incompatible inputs', (graph, x) => graph.add('MatMul', [typed(1)], [x, x]), /[Dd]imension|rank/],
    ['a wrong type', (graph, x) => graph.add('Relu', [typed(3)], [x]), /DT_FLOAT vs. DT_INT32/],
    ['an output that does not exist', (graph) => graph.add('Relu', [typed(1)], [99]), /no output 99/],
    ['an operation that does not exist', (graph, x) => graph.add('Relu', [typed(1)], [x], [99]), /no operation 99/],
  ])('rejects %s and accepts the next operation', (_, work, message) => {
    inGraph((graph) => {
      const x = graph.placeholder(backend.binding.TF_FLOAT, [3]).outputs[0]!.id;
      expect(() => work(graph, x)).toThrow(message);
      expect(graph.add('Relu', [typed(backend.binding.TF_FLOAT)], [x]).outputs[0]!.shape).toEqual([3]);
    });
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
