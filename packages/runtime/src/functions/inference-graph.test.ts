import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { optimisedOperations } from './optimised-graph.fixture.ts';
import { expectSameCompiled, numbers } from './same-compiled.fixture.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

it.each([tf.relu, tf.relu6])(
  'convolution, batch normalisation and $name are one op in inference, which tfjs’ reshape between them does not hinder',
  (activation) => {
    const variable = (shape: number[], low = 0) => own(tf.tidy(() => tf.variable(tf.add(tf.abs(numbers(shape)), low))));
    const kernel = variable([3, 3, 8, 16]);
    const [mean, variance, offset, scale] = [variable([16]), variable([16], 0.5), variable([16]), variable([16])];
    const infer = own(
      compile((x: tf.Tensor) => {
        const y = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
        return activation(
          tf.batchNorm(y, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D),
        );
      }),
    );
    const operations = optimisedOperations(backend, () => infer(numbers([4, 16, 16, 8]))).map(({ op }) => op);
    expect(operations.filter((op) => /Conv2D|Norm|Relu|Reshape/.test(op))).toEqual(['_FusedConv2D']);
  },
);

it('a reshape to the same shape is its argument, to another one it is not', () => {
  expectSameCompiled(
    (x) => [tf.reshape(x, [3, 4]), tf.reshape(x, [4, 3]), tf.reshape(tf.neg(x), [3, 4])],
    [numbers([3, 4])],
  );
});
