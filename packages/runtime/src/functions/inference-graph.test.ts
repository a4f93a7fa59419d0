import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { optimizedOperations } from './optimized-graph.fixture.ts';
import { expectSameCompiled, numbers } from './same-compiled.fixture.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

const convolutions = { conv2d: tf.conv2d, depthwiseConv2d: tf.depthwiseConv2d };
const activations = { relu: tf.relu, relu6: tf.relu6 };

/** The typical block of an inference graph: convolution, batch normalization and activation. */
function block(
  kind: keyof typeof convolutions,
  { multiplier = 1, activation = 'relu' }: { multiplier?: number; activation?: keyof typeof activations },
) {
  const variable = (shape: number[], low = 0) => own(tf.tidy(() => tf.variable(tf.add(tf.abs(numbers(shape)), low))));
  const filterShape = kind === 'conv2d' ? [3, 3, 8, 16] : [3, 3, 8, multiplier];
  const filter = variable(filterShape) as tf.Tensor as tf.Tensor4D;
  const channels = [kind === 'conv2d' ? 16 : 8 * multiplier];
  const [mean, variance, offset, scale] = [0, 0.5, 0, 0].map((low) => variable(channels, low)) as tf.Tensor[];
  return (x: tf.Tensor) => {
    const y = convolutions[kind](x as tf.Tensor4D, filter, 1, 'same');
    return activations[activation](
      tf.batchNorm(y, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D),
    );
  };
}

function operationsOf(fn: (x: tf.Tensor) => tf.Tensor): string[] {
  const infer = own(compile(fn));
  const operations = optimizedOperations(backend, () => infer(numbers([4, 16, 16, 8]))).map(({ op }) => op);
  return operations.filter((op) => /Conv|Norm|Relu|Reshape|Bias/.test(op));
}

it.each([
  { kind: 'conv2d', activation: 'relu', fused: '_FusedConv2D' },
  { kind: 'conv2d', activation: 'relu6', fused: '_FusedConv2D' },
  { kind: 'depthwiseConv2d', activation: 'relu', fused: '_FusedDepthwiseConv2dNative' },
  { kind: 'depthwiseConv2d', activation: 'relu6', fused: '_FusedDepthwiseConv2dNative' },
] as const)('$kind, batch normalization and $activation are one op in inference', ({ kind, activation, fused }) => {
  // tfjs's reshape after the batch normalization does not prevent the fusion.
  expect(operationsOf(block(kind, { activation }))).toEqual([fused]);
});

it.each([1, 2])(
  'batch normalization after a depthwise convolution with %i filters per channel equals the eager result',
  (multiplier) => {
    expectSameCompiled(block('depthwiseConv2d', { multiplier }), [numbers([2, 6, 6, 8])]);
  },
);

it('nothing is folded in a gradient, which needs the convolution’s output', () => {
  const fn = block('depthwiseConv2d', {});
  const operations = operationsOf((x) => tf.grad((x) => tf.sum(fn(x)))(x));
  expect(operations).toContain('DepthwiseConv2dNative');
  expect(operations).not.toContain('BiasAdd');
  expectSameCompiled((x) => tf.grad((x) => tf.sum(fn(x)))(x), [numbers([2, 6, 6, 8])]);
});

it('only a reshape to the same shape is removed', () => {
  expectSameCompiled(
    (x) => [tf.reshape(x, [3, 4]), tf.reshape(x, [4, 3]), tf.reshape(tf.neg(x), [3, 4])],
    [numbers([3, 4])],
  );
});
