import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { expectSameCompiled, numbers, type Op } from './same-compiled.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

/** Comma-separated shapes of the arguments. */
type Row = [name: string, op: Op, shapes: string];

const image = '[2, 6, 6, 3]';
const as4 = (x: tf.Tensor) => x as tf.Tensor4D;

const table: Row[] = [
  ['a gradient', (x) => tf.grad((one) => one.square().sin().sum())(x), '[3, 4]'],
  [
    'a gradient of a gradient',
    (x) =>
      tf.grad((one) =>
        tf
          .grad((two) => two.pow(3).sum())(one)
          .sum(),
      )(x),
    '[3, 4]',
  ],
  [
    'gradients of a convolution',
    (x, k) => tf.grads((a, b) => tf.conv2d(as4(a), as4(b), 2, 'same').square().sum())([x, k]),
    `${image}, [3, 3, 3, 4]`,
  ],
  [
    'gradients of a depthwise convolution',
    (x, k) => tf.grads((a, b) => tf.depthwiseConv2d(as4(a), as4(b), 1, 'same').square().sum())([x, k]),
    `${image}, [3, 3, 3, 1]`,
  ],
  [
    'gradients of a matrix product and a softmax',
    (x, k) => tf.grads((a, b) => tf.matMul(a, b).softmax().log().sum())([x, k]),
    '[3, 4], [4, 5]',
  ],
  [
    'gradients of concat, split and stack',
    (x, k) =>
      tf.grads((a, b) =>
        tf
          .stack(tf.split(tf.concat([a, b], 1), 3, 1))
          .square()
          .sum(),
      )([x, k]),
    '[2, 4], [2, 5]',
  ],
  [
    'the gradient of pooling',
    (x) =>
      tf.grad((a) =>
        tf
          .maxPool(as4(a), 2, 2, 'same')
          .add(tf.avgPool(as4(a), 2, 2, 'same'))
          .square()
          .sum(),
      )(x),
    image,
  ],
  [
    'the gradient of gather, slice and pad',
    (x) =>
      tf.grad((a) =>
        tf
          .gather(a, tf.tensor1d([1, 1], 'int32'))
          .sum()
          .add(tf.slice(a, 1, 2).square().sum())
          .add(
            tf
              .pad(a, [[1, 1]])
              .exp()
              .sum(),
          ),
      )(x),
    '[4]',
  ],
  ['the gradient of a resize', (x) => tf.grad((a) => tf.image.resizeBilinear(as4(a), [4, 9]).square().sum())(x), image],
  [
    'the gradient of reductions',
    (x) =>
      tf.grad((a) =>
        tf
          .max(a, 1)
          .sum()
          .add(tf.mean(a).mul(tf.prod(a)))
          .add(tf.min(a)),
      )(x),
    '[3, 4]',
  ],
  [
    'the gradient of ReLU and similar activations',
    (x) =>
      tf.grad((a) =>
        tf
          .relu(a)
          .add(tf.relu6(a.mul(9)))
          .add(tf.elu(a))
          .add(tf.selu(a))
          .add(tf.leakyRelu(a))
          .sum(),
      )(x),
    '[3, 4]',
  ],
  [
    'gradients of a loss',
    (x, y) => tf.grads((a, b) => tf.losses.sigmoidCrossEntropy(a.sigmoid(), b))([x, y]),
    '[3, 4], [3, 4]',
  ],
  [
    'a value and its gradient',
    (x) => {
      const { value, grads } = tf.valueAndGrads((a) => a.square().sum())([x]);
      return { value, grad: grads[0]! };
    },
    '[3]',
  ],
  [
    'a custom gradient',
    (x) =>
      tf.grad(
        tf.customGrad((a, save) => {
          (save as (t: tf.Tensor[]) => void)([a as tf.Tensor]);
          return { value: (a as tf.Tensor).square(), gradFunc: (dy: tf.Tensor, [s]: tf.Tensor[]) => dy.mul(s!).mul(7) };
        }) as never,
      )(x),
    '[3]',
  ],
  [
    'fused batch normalization',
    (x, g, b) =>
      tf
        .engine()
        .runKernel('ChorusFusedBatchNorm', { x, gamma: g, beta: b } as never, { epsilon: 1e-3 }) as tf.Tensor[],
    `${image}, [3], [3]`,
  ],
  [
    'gradients of fused batch normalization',
    (x, g, b) =>
      tf.grads((a, c, d) =>
        (
          tf.engine().runKernel('ChorusFusedBatchNorm', { x: a, gamma: c, beta: d } as never, {
            epsilon: 1e-3,
          }) as tf.Tensor[]
        )[0]!
          .square()
          .sum(),
      )([x, g, b]),
    `${image}, [3], [3]`,
  ],
];

it.each(table)('%s: compiled equals eager', (_, op, shapes) => {
  const inputs = (JSON.parse(`[${shapes}]`) as number[][]).map((shape, index) => numbers(shape, 1 + 100 * index));
  expectSameCompiled(op, inputs);
});

describe('a compiled training step updates weights as an eager one does', () => {
  const data = () => [numbers([16, 5]), numbers([16, 2], 50)] as const;
  const network = () => tf.tidy(() => [tf.variable(numbers([5, 4], 7)), tf.variable(numbers([4, 2], 9))]).map(own);
  const lossOf = ([first, second]: tf.Variable[], x: tf.Tensor, y: tf.Tensor) =>
    tf.losses.meanSquaredError(y, tf.matMul(tf.tanh(tf.matMul(x, first!)), second!)) as tf.Scalar;
  const expectSame = (some: tf.Tensor[], others: tf.Tensor[]) => {
    for (const [index, one] of some.entries())
      expect(tf.max(tf.abs(tf.sub(one, others[index]!))).dataSync()[0]).toBeLessThan(1e-5);
  };

  it.each<[string, () => tf.Optimizer]>([
    ['SGD', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.1, 0.9)],
    ['Adagrad', () => tf.train.adagrad(0.1)],
    ['Adadelta', () => tf.train.adadelta(0.1)],
    ['RMSProp', () => tf.train.rmsprop(0.1)],
    ['Adam', () => tf.train.adam(0.1)],
    ['Adamax', () => tf.train.adamax(0.1)],
  ])('with tfjs’s %s, after a first step that creates its slots', (_, optimizerOf) => {
    const [x, y] = data();
    const [eager, compiled] = [network(), network()];
    const start = eager.map((variable) => variable.clone());
    const minimize = (variables: tf.Variable[], optimizer: tf.Optimizer) => (a: tf.Tensor, b: tf.Tensor) =>
      optimizer.minimize(() => lossOf(variables, a, b), true, variables)!;
    const optimizers = [own(optimizerOf()), own(optimizerOf())] as const;
    const steps = [minimize(eager, optimizers[0]), minimize(compiled, optimizers[1])] as const;
    for (const step of steps) step(x, y);
    const asOne = own(compile(steps[1]));
    for (let count = 0; count < 3; count += 1) {
      const [loss, expected] = [asOne(x, y), steps[0](x, y)];
      expectSame([loss, ...compiled], [expected, ...eager]);
    }
    // tfjs does not dispose the learning rate of SGD.
    for (const optimizer of optimizers) tf.dispose((optimizer as unknown as { c?: tf.Tensor }).c ?? []);
    // The weights have changed.
    for (const [index, variable] of compiled.entries())
      expect(tf.max(tf.abs(tf.sub(variable, start[index]!))).dataSync()[0]).toBeGreaterThan(1e-3);
  });

  it('with assignments from variableGrads', () => {
    const [x, y] = data();
    const [eager, compiled] = [network(), network()];
    const stepOf = (variables: tf.Variable[]) => (a: tf.Tensor, b: tf.Tensor) => {
      const { value, grads } = tf.variableGrads(() => lossOf(variables, a, b), variables);
      for (const variable of variables) variable.assign(tf.sub(variable, tf.mul(grads[variable.name]!, 0.1)));
      return { value, norm: tf.norm(grads[variables[0]!.name]!) };
    };
    const asOne = own(compile(stepOf(compiled)));
    for (let count = 0; count < 3; count += 1) {
      const [found, expected] = [asOne(x, y), stepOf(eager)(x, y)];
      expectSame([found.value, found.norm, ...compiled], [expected.value, expected.norm, ...eager]);
    }
  });
});

it('compiled tfjs layers equal eager ones', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 3], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  own(model);
  expectSameCompiled((x) => model.apply(x) as tf.Tensor, [numbers([2, 6, 6, 3])]);
});
