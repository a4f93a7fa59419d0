import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareProcess } from '../process.ts';
import { initRuntime } from '../runtime.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { frozenBatchNormGradient, fusedBatchNorm } from './fused-batch-norm.ts';

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0' });
});

function expectClose(actual: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  const difference = tf.tidy(() => actual.sub(expected).abs().max().dataSync()[0]!);
  expect(actual.shape).toEqual(expected.shape);
  expect(difference).toBeLessThanOrEqual(tolerance);
}

describe('fused batch normalization', () => {
  const epsilon = 1e-3;
  const composed = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return { y: x.sub(mean).mul(variance.add(epsilon).rsqrt()).mul(gamma).add(beta), mean, variance };
  };
  const fused = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
    const inputs = { x, gamma, beta } as unknown as tf.NamedTensorMap;
    const [y, mean, variance] = tf.engine().runKernel(fusedBatchNorm, inputs, { epsilon }) as tf.Tensor[];
    return { y: y!, mean: mean!, variance: variance! };
  };

  it.each([[[4, 5, 6, 3]], [[1, 2, 2, 7]], [[2, 1, 1, 2]]] as [[number, number, number, number]][])(
    'equals the composed ops on %j: result, statistics (biased) and gradients',
    (shape) => {
      const x = tf.randomNormal(shape, 3, 2, 'float32', 1);
      const gamma = tf.randomUniform([shape[3]], 0.5, 2, 'float32', 2);
      const beta = tf.randomNormal([shape[3]], 0, 1, 'float32', 3);
      const [one, other] = [fused(x, gamma, beta), composed(x, gamma, beta)];
      expectClose(one.y, other.y, 1e-4);
      expectClose(one.mean, other.mean, 1e-5);
      expectClose(one.variance, other.variance, 1e-4);
      const weights = tf.randomNormal(shape, 0, 1, 'float32', 4);
      const gradients = (norm: typeof fused) =>
        tf.grads((...inputs: tf.Tensor[]) => norm(inputs[0]!, inputs[1]!, inputs[2]!).y.mul(weights).sum())([
          x,
          gamma,
          beta,
        ]);
      const expected = gradients(composed);
      for (const [index, gradient] of gradients(fused).entries()) expectClose(gradient, expected[index]!, 1e-3);
    },
  );

  it('leaves no tensor behind', () => {
    const x = tf.ones([2, 3, 3, 4]);
    const [gamma, beta] = [tf.variable(tf.ones([4])), tf.variable(tf.zeros([4]))];
    const before = tf.memory().numTensors;
    for (const tensor of Object.values(fused(x, gamma, beta))) tensor.dispose();
    const reserved = tf.memory().numTensors - before;
    tf.tidy(() => {
      tf.variableGrads(() => fused(x, gamma, beta).y.sum().asScalar(), [gamma, beta]);
    });
    // The forward pass alone returns three reserve outputs for the gradient; a tidy disposes them.
    expect(reserved).toBe(3);
    expect(tf.memory().numTensors).toBe(before + reserved);
  });
});

/** Returns the names of the TensorFlow ops that `work` runs, in order. */
function opsOf(work: () => void): string[] {
  const backend = tf.backend() as NativeBackend;
  const { executeSingleOutput, executeMultipleOutputs } = backend;
  const names: string[] = [];
  backend.executeSingleOutput = (name, ...rest) => {
    names.push(name);
    return executeSingleOutput.call(backend, name, ...rest);
  };
  backend.executeMultipleOutputs = (name, ...rest) => {
    names.push(name);
    return executeMultipleOutputs.call(backend, name, ...rest);
  };
  try {
    tf.tidy(work);
  } finally {
    Object.assign(backend, { executeSingleOutput, executeMultipleOutputs });
  }
  return names;
}

describe('layers of the backbones', () => {
  const x = () => tf.ones([2, 8, 8, 4]) as tf.Tensor4D;
  const channels = () => tf.ones([4]) as tf.Tensor1D;

  it.each<[string, () => void, string[]]>([
    [
      'batch normalization with moving statistics',
      () => tf.batchNorm4d(x(), channels(), channels()),
      ['FusedBatchNorm'],
    ],
    [
      'batch normalization in training',
      () =>
        tf.grad((value: tf.Tensor) => {
          const inputs = { x: value, gamma: channels(), beta: channels() } as unknown as tf.NamedTensorMap;
          return (tf.engine().runKernel(fusedBatchNorm, inputs, { epsilon: 1e-3 }) as tf.Tensor[])[0]!;
        })(x()),
      ['FusedBatchNormV3', 'FusedBatchNormGradV3'],
    ],
    ['ReLU', () => tf.grad((value: tf.Tensor) => tf.relu(value))(x()), ['Relu', 'ReluGrad']],
    [
      'max pooling',
      () => tf.grad((value: tf.Tensor) => tf.maxPool(value as tf.Tensor4D, 3, 2, 'same'))(x()),
      ['MaxPool', 'MaxPoolGrad'],
    ],
    [
      'average pooling',
      () => tf.grad((value: tf.Tensor) => tf.avgPool(value as tf.Tensor4D, 3, 1, 'same'))(x()),
      ['AvgPool', 'AvgPoolGrad'],
    ],
    ['ReLU6', () => tf.grad((value: tf.Tensor) => tf.relu6(value))(x()), ['Relu6', 'Relu6Grad']],
    [
      'a depthwise convolution',
      () =>
        tf.grads((value: tf.Tensor, kernel: tf.Tensor) =>
          tf.depthwiseConv2d(value as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same'),
        )([x(), tf.ones([3, 3, 4, 1])]),
      ['DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter'],
    ],
  ])('%s runs as one op per direction', (_, work, expected) => {
    const incidental = ['Mul', 'Reshape', 'Fill', 'Cast'];
    expect(opsOf(work).filter((name) => !incidental.includes(name))).toEqual(expected);
  });
});

describe.each([
  ['ReLU', tf.relu, [0, 2, 3, 4, 5, 6], Number.POSITIVE_INFINITY],
  ['ReLU6', tf.relu6, [0, 2, 3, 4, 0, 0], 6],
] as const)('%s', (_, relu, slopes, top) => {
  it('equals the composed ops: result and gradient', () => {
    const x = tf.randomNormal([3, 5, 5, 2], 3, 4, 'float32', 5);
    const weights = tf.randomNormal(x.shape, 0, 1, 'float32', 6);
    const clipped = (value: tf.Tensor) => tf.clipByValue(value, 0, top);
    expectClose(relu(x), clipped(x), 0);
    const gradient = (of: (value: tf.Tensor) => tf.Tensor) => tf.grad((value) => of(value).mul(weights).sum())(x);
    expectClose(gradient(relu), gradient(clipped), 0);
  });

  it('leaves no tensor behind', () => {
    const x = tf.variable(tf.ones([4]));
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      tf.variableGrads(() => relu(x).sum().asScalar(), [x]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps the composed gradient on other backends', async () => {
    // tfjs recommends its native backend.
    vi.spyOn(console, 'warn').mockReturnValue();
    await tf.setBackend('cpu');
    try {
      const gradient = tf.grad((value: tf.Tensor) => relu(value))(tf.tensor1d([-1, 3, 100]));
      expect([...gradient.dataSync()]).toEqual([0, 1, Number(top > 100)]);
    } finally {
      await tf.setBackend('tensorflow');
      vi.restoreAllMocks();
    }
  });

  it('has the gradient 1 where the slope is positive and 0 elsewhere', () => {
    const x = tf.tensor1d([-1, 0.5, 3, 5.999, 6.5, 100]);
    const gradient = tf.grad((value: tf.Tensor) =>
      relu(value)
        .mul(tf.tensor1d([1, 2, 3, 4, 5, 6]))
        .sum(),
    )(x);
    expect([...gradient.dataSync()]).toEqual(slopes);
  });
});

describe('the gradient of batch normalization with constant statistics', () => {
  it('equals that of the composed ops and leaves no tensor', () => {
    const x = tf.randomNormal([3, 4, 5, 6], 1, 2, 'float32', 1);
    const dy = tf.randomNormal([3, 4, 5, 6], 0, 1, 'float32', 2);
    const [gamma, mean] = [tf.randomUniform([6], 0.5, 2, 'float32', 3), tf.randomNormal([6], 0, 1, 'float32', 4)];
    const variance = tf.randomUniform([6], 0.5, 2, 'float32', 5);
    const normal = (value: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) =>
      value.sub(mean).mul(variance.add(1e-3).rsqrt()).mul(scale).add(shift);
    const expected = tf.grads((value, scale, shift) => normal(value!, scale!, shift!).mul(dy).sum())([
      x,
      gamma,
      tf.zeros([6]),
    ]);
    const before = tf.memory().numTensors;
    const inputs = { dy, x, gamma, mean, variance } as unknown as tf.NamedTensorMap;
    const fused = tf.engine().runKernel(frozenBatchNormGradient, inputs, { epsilon: 1e-3 }) as tf.Tensor[];
    expect(tf.memory().numTensors).toBe(before + 3);
    for (const [index, gradient] of fused.entries()) expectClose(gradient, expected[index]!, 1e-3);
  });
});
