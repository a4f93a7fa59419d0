import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasBfloat16 } from '../bfloat16.ts';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { float32, optimizedOperations } from '../functions/optimized-graph.fixture.ts';
import { numbers } from '../functions/same-compiled.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { addScaled } from './add-scaled.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

const variableOf = (tensor: () => tf.Tensor) => own(tf.tidy(() => tf.variable(tensor())));

function add(variable: tf.Variable, tensor: tf.Tensor, factor: tf.Tensor): void {
  const inputs = { variable, tensor, factor } as unknown as tf.NamedTensorMap;
  expect(tf.engine().runKernel(addScaled, inputs)).toEqual([]);
}

describe('ChorusAddScaled', () => {
  it.each(['eagerly', 'compiled'])('adds a multiple of a tensor in place, %s', (way) => {
    const sum = variableOf(() => tf.tensor1d([1, 2, 3]));
    const eager = (tensor: tf.Tensor, factor: tf.Tensor) => {
      add(sum, tensor, factor);
      return [];
    };
    const step = way === 'compiled' ? own(compile(eager)) : eager;
    step(tf.tensor1d([4, 8, -2]), tf.scalar(0.25));
    expect([...sum.dataSync()]).toEqual([2, 4, 2.5]);
    step(tf.tensor1d([1, 1, 1]), tf.scalar(-2));
    expect([...sum.dataSync()]).toEqual([0, 2, 0.5]);
  });

  it('leaves a clone of the variable as it was', () => {
    const sum = variableOf(() => tf.tensor1d([1, 2]));
    const clone = sum.clone();
    add(sum, tf.tensor1d([1, 1]), tf.scalar(1));
    expect([...clone.dataSync()]).toEqual([1, 2]);
    expect([...sum.dataSync()]).toEqual([2, 3]);
  });

  it.skipIf(!hasBfloat16())('adds gradients in float32 where they are computed in bfloat16', () => {
    const [kernel, sum] = [variableOf(() => numbers([16, 8])), variableOf(() => tf.fill([16, 8], 100))];
    const step = own(
      compile(
        (x: tf.Tensor) => {
          const loss = () => tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D))) as tf.Scalar;
          const { value, grads } = tf.variableGrads(loss, [kernel]);
          sum.assign(tf.mul(sum, 1));
          add(sum, grads[kernel.name]!, tf.scalar(1e-3));
          return value;
        },
        { precision: 'bfloat16' },
      ),
    );
    const operations = optimizedOperations(backend, () => step(numbers([32, 16])));
    expect(operations.filter(({ op }) => op === 'ResourceApplyGradientDescent')).toEqual([
      { op: 'ResourceApplyGradientDescent', type: float32 },
    ]);
    // In bfloat16, sums near 100 would be multiples of 0.5.
    const values = [...sum.dataSync()];
    expect(values.some((value) => value !== 100)).toBe(true);
    expect(values.every((value) => Math.abs(value - 100) < 0.1)).toBe(true);
  });
});
