import tf from '@chorus/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { program } from './program.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();
afterEach(() => vi.restoreAllMocks());

const returnHint = 'tensors have no data while a function is traced. Return the tensor and read it outside.';
const inputHint =
  'Pass values that change between calls as tensors, and draw random numbers from a seed that is an input.';

/** Calls the function with [1, 2, 3], checks the error, and checks that the call left no side effects. */
function expectRefusal(text: string, message: string | RegExp, scope: Record<string, unknown> = {}): void {
  const weights = own(tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3]), true, 'weights')));
  const x = tf.tensor1d([1, 2, 3]);
  const [before, { stackTraceLimit }] = [tf.memory(), Error];
  const refused = own(compile(program(text, { ...scope, weights })));
  // The second call throws the same error as the first.
  expect(() => refused(x)).toThrow(RuntimeError);
  expect(() => refused(x)).toThrow(message);
  expect(tf.memory()).toEqual(before);
  expect(tf.engine().state.gradientDepth).toBe(0);
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  expect(refused.metrics).toEqual({ traceCount: 0, cacheSize: 0, firstCalls: [] });

  expect([...tf.add(x, weights).dataSync()]).toEqual([2, 4, 6]);
  expect([...tf.variableGrads(() => tf.sum(tf.square(weights))).grads.weights!.dataSync()]).toEqual([2, 4, 6]);
  const next = own(
    compile((one: tf.Tensor) => {
      weights.assign(tf.add(weights, one));
      return tf.grad((two: tf.Tensor) => tf.square(two))(one);
    }),
  );
  expect([...next(x).dataSync()]).toEqual([2, 4, 6]);
  expect([...weights.dataSync()]).toEqual([2, 4, 6]);
}

describe('a read of data in a compiled function is rejected with op and line', () => {
  it.each([
    ['dataSync of an argument', '(x) => {\n  x.dataSync();\n}', 'a tensor', 2],
    ['dataSync of a result', '(x) => {\n  const y = tf.relu(x);\n\n  return y.add(y.dataSync()[0]);\n}', 'Relu', 4],
    [
      'arraySync',
      '(x) => tf.tensor(tf.matMul(\n  x.expandDims(1), x.expandDims(0)\n).arraySync())',
      'BatchMatMulV2',
      3,
    ],
    ['bufferSync', '(x) => {\n  tf.exp(x).bufferSync();\n  return x;\n}', 'Exp', 2],
    ['print', '(x) => {\n  tf.print(x.neg());\n  return x;\n}', 'Neg', 2],
    ['dataSync of a variable', '(x) =>\n  x.add(weights.dataSync())', 'variable weights', 2],
    [
      'dataSync of a variable that was assigned to',
      '(x) => {\n  weights.assign(weights.mul(x));\n  return x.add(weights.dataSync());\n}',
      'Mul',
      3,
    ],
    [
      'dataSync in a gradient',
      '(x) => tf.grad((y) => {\n  y.square().dataSync();\n  return y.square();\n})(x)',
      'Square',
      2,
    ],
    [
      'dataSync in the gradient of a variable',
      '(x) => {\n  const { grads } = tf.variableGrads(() => {\n    const loss = weights.mul(x).sum();\n    loss.dataSync();\n    return loss;\n  });\n  return grads.weights;\n}',
      'Sum',
      4,
    ],
    ['data()', '(x) => {\n  x.square().data().then(() => {});\n  return x;\n}', 'Square', 2],
    [
      'array(), awaited',
      'async (x) => {\n  const [first] = await x.square().array();\n  return x.mul(first);\n}',
      'Square',
      2,
    ],
  ])('%s', (_, text, whose, line) => {
    expectRefusal(
      text,
      new RegExp(
        `^The data of ${whose} was read inside a compiled function, at /user/program\\.js:${line}:\\d+: ${returnHint}$`,
      ),
    );
  });

  it('dataSync of a captured tensor, which would be read only once', () => {
    const outside = tf.tensor1d([1, 2, 3]);
    expectRefusal(
      '(x) => {\n  return x.add(outside.dataSync());\n}',
      /^The data of a tensor was read .*program\.js:2:/,
      {
        outside,
      },
    );
  });

  it('but reads of data that the function itself created are allowed', () => {
    const text = '(x) => { const two = tf.tensor1d([2, 2, 2]); two.data(); return x.add(two.dataSync()[0]); }';
    const step = own(compile(program(text)));
    expect([...(step(tf.tensor1d([1, 2, 3])) as tf.Tensor).dataSync()]).toEqual([3, 4, 5]);
  });
});

describe('an op that cannot be recorded is rejected with its name and line', () => {
  it.each([
    ['a stateful op', '(x) => {\n  return tf.multinomial(x, 2, 1);\n}', 'Multinomial', 'it is stateful'],
    [
      'an op with a data-dependent number of results',
      '(x) => {\n  return tf.unique(x).values;\n}',
      'UniqueV2',
      'the shape of its output depends on the data',
    ],
    [
      'a selection',
      '(x) => {\n  return tf.image.nonMaxSuppression(tf.zeros([3, 4]), x, 2);\n}',
      'NonMaxSuppressionV3',
      'the shape of its output depends on the data',
    ],
    [
      'an op on strings',
      '() => {\n  return tf.reshape(tf.tensor1d(["a", "b"]), [2, 1]);\n}',
      'a constant',
      'only numeric constants are supported',
    ],
    [
      'an op that TensorFlow rejects',
      '(x) => {\n  return tf.engine().runKernel("BatchMatMul", { a: x, b: x }, { transposeA: false, transposeB: false });\n}',
      'BatchMatMulV2',
      '.*must be at least rank 2.*',
    ],
  ])('%s', (_, text, op, why) => {
    expectRefusal(
      text,
      new RegExp(`^${op} cannot be part of a compiled function \\(${why}\\), at /user/program\\.js:2:\\d+\\.$`),
    );
  });

  it.each([
    ['whereAsync', '(x) => tf.whereAsync(\n  x.greater(1)\n)', 'Greater'],
    ['booleanMaskAsync', '(x) => tf.booleanMaskAsync(\n  x, x.less(2)\n)', 'Less'],
    // It checks that the indices are in range.
    ['gather, of its indices,', '(x) => tf.gather(\n  x, tf.argMax(x)\n)', 'ArgMax'],
    ['setdiff1dAsync', '(x) => tf.setdiff1dAsync(\n  x, x.neg()\n)', 'a tensor'],
  ])('%s reads', (_, text, whose) => {
    expectRefusal(text, new RegExp(`^The data of ${whose} was read .*, at /user/program\\.js:1:`));
  });
});

describe('values that JavaScript draws or counts are rejected with the line', () => {
  it.each([
    [
      'tf.randomUniform',
      '(x) => {\n  return x.add(tf.randomUniform([3]));\n}',
      'a constant of shape \\[3\\] has different values',
    ],
    [
      'tf.randomNormal',
      '(x) => {\n  return x.add(tf.randomNormal([3]));\n}',
      'a constant of shape \\[3\\] has different values',
    ],
    [
      'tf.truncatedNormal',
      '(x) => {\n  return x.add(tf.truncatedNormal([3]));\n}',
      'a constant of shape \\[3\\] has different values',
    ],
    ['tf.dropout', '(x) => {\n  return tf.dropout(x, 0.5);\n}', 'a constant of shape \\[3\\] has different values'],
    ['Math.random', '(x) => {\n  return x.mul(Math.random());\n}', 'a constant of shape \\[\\] has different values'],
    [
      'a tensor from Math.random',
      '(x) => {\n  return x.mul(tf.tensor1d([0, 0, Math.random()]));\n}',
      'a constant of shape \\[3\\] has different values',
    ],
    [
      'an attribute of Math.random',
      '(x) => {\n  return tf.leakyRelu(x, Math.random());\n}',
      'LeakyRelu replaced LeakyRelu',
    ],
    ['a counter', '(x) => {\n  return x.mul(counts.calls++);\n}', 'a constant of shape \\[\\] has different values'],
    [
      'a counter in an array',
      '(x) => {\n  counts.array[0] += 1; return x.add(counts.array);\n}',
      'a constant of shape \\[3\\] has different values',
    ],
    [
      'an op every other time',
      '(x) => {\n  return counts.calls++ % 2 ? x.square() : x.neg();\n}',
      '\\w+ replaced \\w+',
    ],
    [
      'a captured tensor every other time',
      '(x) => {\n  return x.add(counts.outside[counts.calls++ % 2]);\n}',
      'a captured tensor replaced a captured tensor',
    ],
    [
      'a shape',
      '(x) => {\n  return x.add(tf.zeros([(counts.calls++ % 2) * 2 + 1]));\n}',
      'a constant of shape \\[\\d\\] replaced a constant of shape \\[\\d\\]',
    ],
    [
      'more ops than before',
      '(x) => {\n  return tf.tidy(() => { for (let i = counts.calls++; i % 2; i++) x = x.neg(); return x; }); \n}',
      '\\w+ replaced \\w+|\\w+ was added',
    ],
  ])('%s', (_, text, what) => {
    const counts = { calls: 0, array: new Float32Array(3), outside: [tf.scalar(1), tf.scalar(2)] };
    expectRefusal(
      text,
      new RegExp(
        `^A compiled function must record the same operations in every trace: in the second one, (${what}), at /user/program\\.js:\\d+:\\d+\\. ${inputHint}$`,
      ),
      { counts },
    );
  });

  it('an assignment in the first trace only', () => {
    const counts = { calls: 0 };
    expectRefusal(
      '(x) => {\n  if (counts.calls++ % 2 === 0) weights.assign(x);\n  return x.neg();\n}',
      /in the second one, variable weights was missing, at /,
      { counts },
    );
  });

  it('the time, if it differs between the traces', () => {
    let now = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => (now += 1000));
    expectRefusal(
      '(x) => {\n  return x.mul(Date.now() % 2 ** 20);\n}',
      /second one, a constant of shape \[\] has different values, at .*:2:/,
    );
  });

  it('but numbers from a fixed seed equal the eager ones', () => {
    const step = own(compile(program('(x) => x.mul(0).add(tf.randomUniform([3], 0, 1, "float32", 7))')));
    const values = () => [...(step(tf.zeros([3])) as tf.Tensor).dataSync()];
    expect(values()).toEqual([...tf.randomUniform([3], 0, 1, 'float32', 7).dataSync()]);
  });
});

describe('tensors and variables that would outlive the function are rejected with op and line', () => {
  it.each([
    ['a result', '(x) => {\n  tf.keep(tf.relu(x));\n  return x;\n}', 'Relu'],
    ['a clone of one', '(x) => {\n  const y = tf.relu(x);\n  tf.keep(y.clone());\n  return y;\n}', 'Relu'],
    ['an argument', '(x) => {\n  tf.keep(x);\n  return x;\n}', 'an argument'],
    ['a result that is returned', '(x) => {\n  return tf.keep(tf.relu(x));\n}', 'Relu'],
  ])('%s, kept', (_, text, whose) => {
    expectRefusal(
      text,
      new RegExp(
        `^A result of ${whose} was kept inside a compiled function, at /user/program\\.js:[23]:\\d+; it has no value outside\\. Return it\\.$`,
      ),
    );
  });

  it.each([
    ['without a name', 'A variable', '(x) => {\n  const v = tf.variable(x);\n  return v.add(1);\n}'],
    ['with a name', 'A variable slot', '(x) => {\n  const v = tf.variable(x, false, "slot");\n  return v.add(1);\n}'],
    [
      'of an optimizer',
      'A variable',
      '(x) => {\n  optimizer.minimize(() => weights.mul(x).sum(), true, [weights]);\n  return [];\n}',
    ],
  ])('a new variable %s', (_, variable, text) => {
    const optimizer = tf.train.rmsprop(0.1);
    expectRefusal(
      text,
      new RegExp(
        `^${variable} was created inside a compiled function, at /user/program\\.js:2:\\d+; create it outside, because every trace would create another one\\.$`,
      ),
      { optimizer },
    );
  });
});

it('an error of the function itself is thrown unchanged', () => {
  const own1 = new TypeError('mine');
  const failing = own(
    compile((x: tf.Tensor) => {
      tf.keep(tf.relu(x));
      if (x.rank === 1) throw own1;
      return x;
    }),
  );
  const x = tf.tensor1d([1]);
  expect(() => failing(x)).toThrow(own1);
  expect([...tf.add(x, 1).dataSync()]).toEqual([2]);
});
