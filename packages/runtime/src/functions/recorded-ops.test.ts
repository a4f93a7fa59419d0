import tf from '@chorus/tfjs';
import { beforeAll, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { expectSameCompiled, numbers, type Op } from './same-compiled.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
nothingStays();

/** Comma-separated shapes of the arguments. */
type Row = [name: string, op: Op, shapes: string];

const image = '[2, 6, 6, 3]';
const as4 = (x: tf.Tensor) => x as tf.Tensor4D;

const ops = tf as unknown as Record<string, Op>;
const unary =
  'abs acos acosh asin asinh atan atanh ceil clone cos cosh elu erf exp expm1 floor isFinite isInf isNaN leakyRelu log log1p ' +
  'logSigmoid logSoftmax neg onesLike reciprocal relu relu6 round rsqrt selu sigmoid sign sin sinh softmax softplus sqrt ' +
  'square step tan tanh zerosLike';
const binary =
  'add atan2 div divNoNan equal floorDiv greater greaterEqual less lessEqual maximum minimum mod mul notEqual pow prelu ' +
  'squaredDifference sub';

const table: Row[] = [
  // Elementwise.
  ...unary.split(' ').map((name): Row => [name, (x) => ops[name]!(x), '[3, 4]']),
  ...binary.split(' ').map((name): Row => [name, (x, y) => ops[name]!(x, y), '[3, 4], [4]']),
  ['clipByValue', (x) => tf.clipByValue(x, -0.5, 0.25), '[7]'],
  [
    'constants of JavaScript',
    (x) =>
      x
        .mul(2)
        .add([1, 2, 3])
        .sub(tf.tensor1d([-0, 0, Number.NaN])),
    '[3]',
  ],
  ['constant true values', (x) => tf.where(tf.tensor1d([true, true, true], 'bool'), x, 7), '[3]'],
  ['gather with a repeated index', (x) => tf.gather(x, tf.tensor1d([2, 2, 2], 'int32')), '[3]'],
  ['where', (x) => tf.where(x.greater(0), x, x.neg()), '[3, 4]'],
  [
    'logical ops',
    (x, y) => [
      x.greater(0).logicalAnd(y.greater(0)),
      x.greater(0).logicalOr(y.greater(0)),
      x.greater(0).logicalNot(),
      x.greater(0).logicalXor(y.greater(0)),
    ],
    '[9], [9]',
  ],
  [
    'casts',
    (x) => [x.mul(10).toInt(), x.greater(0), x.toBool(), x.greater(0).cast('float32'), x.greater(0).toInt()],
    '[9]',
  ],
  // Products.
  ...([false, true] as const).flatMap((a) =>
    ([false, true] as const).map(
      (b): Row => [
        `matMul, transposed: ${a}, ${b}`,
        (x, y) => tf.matMul(x, y, a, b),
        `${a ? '[4, 3]' : '[3, 4]'}, ${b ? '[5, 4]' : '[4, 5]'}`,
      ],
    ),
  ),
  ['batched matMul', (x, y) => tf.matMul(x, y), '[2, 3, 4], [2, 4, 5]'],
  [
    'fused matMul',
    (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation: 'relu' }),
    '[3, 4], [4, 5], [5]',
  ],
  ['dot', (x, y) => tf.dot(x, y), '[4], [4]'],
  ['outerProduct', (x, y) => tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D), '[4], [3]'],
  ['einsum', (x, y) => tf.einsum('ij,jk->ik', x, y), '[2, 3], [3, 4]'],
  // Convolutions and pooling.
  ['conv2d same', (x, k) => tf.conv2d(as4(x), as4(k), 2, 'same'), `${image}, [3, 3, 3, 4]`],
  [
    'conv2d explicit',
    (x, k) =>
      tf.conv2d(as4(x), as4(k), 1, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
    `${image}, [3, 3, 3, 4]`,
  ],
  ['conv2d dilated', (x, k) => tf.conv2d(as4(x), as4(k), 1, 'valid', 'NHWC', 2), `${image}, [2, 2, 3, 4]`],
  [
    'fused conv2d',
    (x, k, bias) =>
      tf.fused.conv2d({ x: as4(x), filter: as4(k), strides: 1, pad: 'same', bias: bias!, activation: 'relu6' }),
    `${image}, [3, 3, 3, 4], [4]`,
  ],
  [
    'conv2dTranspose',
    (x, k) => tf.conv2dTranspose(as4(x), as4(k), [2, 12, 12, 4], 2, 'same'),
    `${image}, [3, 3, 4, 3]`,
  ],
  ['depthwiseConv2d', (x, k) => tf.depthwiseConv2d(as4(x), as4(k), 1, 'same'), `${image}, [3, 3, 3, 2]`],
  [
    'separableConv2d',
    (x, k, p) => tf.separableConv2d(as4(x), as4(k), as4(p), 1, 'same'),
    `${image}, [3, 3, 3, 2], [1, 1, 6, 4]`,
  ],
  ['conv3d', (x, k) => tf.conv3d(x as tf.Tensor5D, k as tf.Tensor5D, 1, 'same'), '[1, 4, 4, 4, 2], [2, 2, 2, 2, 3]'],
  ['conv1d', (x, k) => tf.conv1d(x as tf.Tensor3D, k as tf.Tensor3D, 1, 'same'), '[2, 6, 3], [3, 3, 2]'],
  ['pooling', (x) => [tf.maxPool(as4(x), 2, 2, 'same'), tf.avgPool(as4(x), 3, 1, 'valid')], image],
  [
    'batchNorm',
    (x, m, v, b, g) => tf.batchNorm(x, m as tf.Tensor1D, v.abs() as tf.Tensor1D, b as tf.Tensor1D, g as tf.Tensor1D),
    `${image}, [3], [3], [3], [3]`,
  ],
  ['localResponseNormalization', (x) => tf.localResponseNormalization(as4(x)), image],
  ['resize bilinear', (x) => tf.image.resizeBilinear(as4(x), [4, 9]), image],
  ['resize nearest', (x) => tf.image.resizeNearestNeighbor(as4(x), [4, 9]), image],
  [
    'cropAndResize',
    (x) => tf.image.cropAndResize(as4(x), tf.tensor2d([[0, 0, 0.5, 0.5]]), tf.tensor1d([1], 'int32'), [3, 3]),
    image,
  ],
  ['flipLeftRight', (x) => tf.image.flipLeftRight(as4(x)), image],
  ['dilation2d', (x, k) => tf.dilation2d(as4(x), k as tf.Tensor3D, 1, 'same'), `${image}, [2, 2, 3]`],
  ['depthToSpace', (x) => tf.depthToSpace(as4(x), 2), '[1, 2, 2, 4]'],
  [
    'spaceToBatchND and back',
    (x) =>
      tf.batchToSpaceND(
        tf.spaceToBatchND(
          x,
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
        [2, 2],
        [
          [0, 0],
          [1, 0],
        ],
      ),
    image,
  ],
  // Lists.
  ['concat', (x, y, z) => tf.concat([x, y, z], 1), '[2, 1], [2, 2], [2, 3]'],
  ['stack', (x, y) => tf.stack([x, y, x], 1), '[2, 3], [2, 3]'],
  ['addN', (x, y, z) => tf.addN([x, y, z]), '[4], [4], [4]'],
  ['split', (x) => tf.split(x, 3, 1), '[2, 6]'],
  ['split uneven', (x) => tf.split(x, [1, 2, 3], -1), '[2, 6]'],
  ['unstack', (x) => tf.unstack(x, 1), '[2, 3, 2]'],
  ['meshgrid', (x, y) => tf.meshgrid(x, y), '[2], [3]'],
  // Reductions.
  ...'sum mean max min prod logSumExp'.split(' ').flatMap((name): Row[] => [
    [`${name} of all`, (x) => ops[name]!(x), '[2, 3, 4]'],
    [`${name} of axes`, (x) => (ops[name] as unknown as typeof tf.sum)(x, [0, 2], true), '[2, 3, 4]'],
  ]),
  ['argMax, argMin', (x) => [tf.argMax(x, 1), tf.argMin(x)], '[3, 4]'],
  ['all, any', (x) => [tf.all(x.greater(0), 1), tf.any(x.greater(0), 0)], '[3, 4]'],
  ['cumsum, cumprod', (x) => [tf.cumsum(x, 1, true, true), tf.cumprod(x, 0)], '[3, 4]'],
  ['moments', (x) => ({ ...tf.moments(x, [0]) }), '[3, 4]'],
  ['norm', (x) => [tf.norm(x), tf.norm(x, 1, 0), tf.norm(x, Number.POSITIVE_INFINITY)], '[3, 4]'],
  ['topk', (x) => ({ ...tf.topk(x, 2) }), '[3, 4]'],
  ['bincount', (x) => tf.bincount(x.abs().mul(3).toInt() as tf.Tensor1D, tf.ones([9]) as tf.Tensor1D, 4), '[9]'],
  // Shapes and indices.
  ['slice', (x) => tf.slice(x, [1, 0], [1, 3]), '[3, 4]'],
  ['stridedSlice', (x) => tf.stridedSlice(x, [0, 3], [3, 0], [2, -1]), '[3, 4]'],
  ['stridedSlice masked', (x) => tf.stridedSlice(x, [0, 1], [1, 2], [1, 1], 2, 1, 0, 0, 1), '[3, 4]'],
  ['gather', (x) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'), 1), '[3, 4]'],
  ['scatterND', (x) => tf.scatterND(tf.tensor2d([[1], [4]], [2, 1], 'int32'), x, [6]), '[2]'],
  ['tensorScatterUpdate', (x, y) => tf.tensorScatterUpdate(x, tf.tensor2d([[1], [4]], [2, 1], 'int32'), y), '[6], [2]'],
  ['sparseToDense', (x) => tf.sparseToDense(tf.tensor1d([1, 4], 'int32'), x as tf.Tensor1D, [6], 9), '[2]'],
  ['unsortedSegmentSum', (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 1, 0], 'int32'), 2), '[3, 2]'],
  [
    'reshape',
    (x) => [x.reshape([4, 3]), x.reshape([-1]), x.expandDims(1), x.expandDims(0).squeeze(), x.as3D(1, 3, 4)],
    '[3, 4]',
  ],
  ['transpose', (x) => [x.transpose(), tf.transpose(x.expandDims(2), [2, 0, 1])], '[3, 4]'],
  [
    'pad',
    (x) => [
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        5,
      ),
      tf.mirrorPad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        'reflect',
      ),
    ],
    '[3, 4]',
  ],
  ['tile', (x) => tf.tile(x, [2, 3]), '[3, 4]'],
  ['reverse', (x) => [tf.reverse(x), tf.reverse(x, 1)], '[3, 4]'],
  ['broadcastTo', (x) => tf.broadcastTo(x, [2, 3, 4]), '[3, 1]'],
  ['oneHot', (x) => tf.oneHot(x.abs().mul(4).toInt(), 4, 2, -1), '[5]'],
  [
    'eye, range, linspace, fill',
    () => [
      tf.eye(3),
      tf.range(0, 5, 2),
      tf.range(5, 0, -1, 'int32'),
      tf.linspace(0, 1, 5),
      tf.fill([2], 3),
      tf.ones([2], 'bool'),
      tf.zeros([2], 'int32'),
      tf.ones([3], 'int32'),
    ],
    '',
  ],
  ['diag', (x) => tf.diag(x), '[3]'],
  [
    'complex',
    (x, y) => [tf.real(tf.complex(x, y).mul(tf.complex(y, x))), tf.imag(tf.complex(x, y)), tf.abs(tf.complex(x, y))],
    '[3], [3]',
  ],
  ['fft', (x) => tf.real(tf.fft(tf.complex(x, x))), '[8]'],
  ['rfft', (x) => tf.abs(tf.spectral.rfft(x)), '[8]'],
  [
    'losses',
    (x, y) => [
      tf.losses.sigmoidCrossEntropy(x.greater(0).toFloat(), y),
      tf.losses.softmaxCrossEntropy(tf.softmax(x), y),
      tf.losses.meanSquaredError(x, y),
      tf.losses.huberLoss(x, y),
    ],
    '[3, 4], [3, 4]',
  ],
  ['scalars', (x) => x.add(1), '[]'],
  ['empty', (x) => [x.add(1), tf.concat([x, tf.ones([2, 3])]), x.sum()], '[0, 3]'],
];

it.each(table)('%s: compiled equals eager', (_, op, shapes) => {
  const inputs = (JSON.parse(`[${shapes}]`) as number[][]).map((shape, index) => numbers(shape, 1 + 100 * index));
  expectSameCompiled(op, inputs);
});
