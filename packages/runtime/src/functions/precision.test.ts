import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasBfloat16 } from '../bfloat16.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { changeInPlace } from './change-in-place.fixture.ts';
import { type Compiled, type CompileOptions, compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { bfloat16, float32, optimizedOperations } from './optimized-graph.fixture.ts';
import { numbers } from './same-compiled.fixture.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

interface Network {
  step: Compiled<[tf.Tensor], tf.Tensor[]>;
  kernel: tf.Variable;
  movingMean: tf.Variable;
}

const share = 0.01;

/** A training step: convolutions, batch normalization, a matrix product, Adam with weight decay. */
function network(options: CompileOptions): Network {
  const variable = (tensor: () => tf.Tensor) => own(tf.tidy(() => tf.variable(tensor())));
  const kernel = variable(() => numbers([3, 3, 8, 16]));
  const depthwise = variable(() => numbers([3, 3, 16, 1], 5));
  const head = variable(() => numbers([16, 4], 9));
  const [gamma, beta] = [variable(() => tf.ones([16])), variable(() => tf.zeros([16]))];
  const movingMean = variable(() => tf.fill([16], 1.003));
  const weights = [kernel, depthwise, head, gamma, beta];
  const moments = weights.map(
    ({ shape }) => [variable(() => tf.zeros(shape)), variable(() => tf.zeros(shape))] as const,
  );
  const loss = (x: tf.Tensor) => {
    const convolved = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
    const inputs = { x: convolved, gamma, beta } as unknown as tf.NamedTensorMap;
    const [normal, mean] = tf.engine().runKernel('ChorusFusedBatchNorm', inputs, { epsilon: 1e-3 }) as tf.Tensor[];
    movingMean.assign(tf.add(tf.mul(movingMean, 1 - share), tf.mul(mean!, share)));
    const y = tf.depthwiseConv2d(tf.relu6(normal!) as tf.Tensor4D, depthwise as tf.Tensor4D, 1, 'same');
    return tf.mean(tf.square(tf.matMul(tf.mean(y, [1, 2]) as tf.Tensor2D, head as tf.Tensor2D))) as tf.Scalar;
  };
  const step = own(
    compile((x: tf.Tensor) => {
      const { value, grads } = tf.variableGrads(() => loss(x), weights);
      kernel.assign(tf.mul(kernel, 1 - 1e-4));
      for (const [index, weight] of weights.entries()) changeInPlace(weight, ...moments[index]!, grads[weight.name]!);
      return [value, grads[kernel.name]!];
    }, options),
  );
  return { step, kernel, movingMean };
}

const images = () => numbers([4, 16, 16, 8]);
/** The expensive ops of a network. */
const isLarge = ({ op }: { op: string }) => /Conv2D|Conv2d|MatMul/.test(op);

function largestDifference(one: tf.Tensor, other: tf.Tensor): number {
  return tf.max(tf.abs(tf.sub(one, other))).dataSync()[0]!;
}

it('in float32, no op is bfloat16', () => {
  const { step } = network({ precision: 'float32' });
  const operations = optimizedOperations(backend, () => step(images()));
  expect(operations.filter(isLarge).length).toBeGreaterThanOrEqual(8);
  expect(operations.filter(({ type }) => type === bfloat16)).toEqual([]);
});

describe.skipIf(!hasBfloat16())('in bfloat16 (on a CPU with avx512_bf16 or amx_bf16)', () => {
  it('convolutions, their gradients and matrix products of the optimized graph are bfloat16', () => {
    const { step } = network({ precision: 'bfloat16' });
    const operations = optimizedOperations(backend, () => step(images()));
    const large = operations.filter(isLarge);
    expect(new Set(large.map(({ op }) => op.replace(/^_Fused|^Batch|V2$/g, '')))).toEqual(
      new Set([
        'Conv2D',
        'Conv2DBackpropFilter',
        'DepthwiseConv2dNative',
        'DepthwiseConv2dNativeBackpropInput',
        'DepthwiseConv2dNativeBackpropFilter',
        'MatMul',
      ]),
    );
    expect(large.filter(({ type }) => type !== bfloat16)).toEqual([]);
  });

  it('every optimizer step updates weights in float32', () => {
    const { step } = network({ precision: 'bfloat16' });
    const operations = optimizedOperations(backend, () => step(images()));
    const steps = operations.filter(({ op }) => op === 'ResourceApplyAdam');
    expect(steps).toEqual(Array(5).fill({ op: 'ResourceApplyAdam', type: float32 }));
  });

  it('loss and gradients equal those of float32 to two digits, but not more', () => {
    const [one, other] = [network({ precision: 'bfloat16' }), network({ precision: 'float32' })];
    const [loss, gradient] = one.step(images()) as [tf.Tensor, tf.Tensor];
    const [expectedLoss, expectedGradient] = other.step(images()) as [tf.Tensor, tf.Tensor];
    expect([loss.dtype, gradient.dtype]).toEqual(['float32', 'float32']);
    const difference = largestDifference(loss, expectedLoss) / expectedLoss.dataSync()[0]!;
    expect(difference).toBeLessThan(2e-2);
    const size = tf.max(tf.abs(expectedGradient)).dataSync()[0]!;
    expect(largestDifference(gradient, expectedGradient) / size).toBeLessThan(5e-2);
    expect(largestDifference(gradient, expectedGradient)).toBeGreaterThan(0);
  });

  it('decayed weights and moving statistics have float32 precision', () => {
    const { step, movingMean } = network({ precision: 'bfloat16' });
    const other = network({ precision: 'float32' });
    step(images());
    other.step(images());
    // Rounding 0.993 to bfloat16 would cause an error of up to 0.002.
    expect(largestDifference(movingMean, other.movingMean)).toBeLessThan(2e-4);
  });

  it('a decay too small for bfloat16 is not lost', () => {
    const kernel = own(tf.tidy(() => tf.variable(tf.fill([3, 3, 8, 16], 1.0003))));
    const [m, v] = [
      own(tf.tidy(() => tf.variable(tf.zerosLike(kernel)))),
      own(tf.tidy(() => tf.variable(tf.zerosLike(kernel)))),
    ];
    const step = own(
      compile(
        (x: tf.Tensor) => {
          const loss = () => tf.mean(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same')) as tf.Scalar;
          const { value, grads } = tf.variableGrads(loss, [kernel]);
          kernel.assign(tf.mul(kernel, 1 - 1e-4));
          changeInPlace(kernel, m, v, tf.mul(grads[kernel.name]!, 0));
          return value;
        },
        { precision: 'bfloat16' },
      ),
    );
    step(images());
    expect(kernel.dataSync()[0]).toBeCloseTo(1.0003 * (1 - 1e-4), 6);
  });
});
