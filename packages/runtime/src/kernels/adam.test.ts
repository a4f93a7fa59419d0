import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { adam } from './adam.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

interface Rule {
  beta1: number;
  beta2: number;
  epsilon: number;
}

type Entry = Record<'weights' | 'm' | 'v', tf.Variable>;

const keras: Rule = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

function entryOf(start: readonly number[], shape: readonly number[] = [start.length]): Entry {
  const variable = (values: readonly number[]) => own(tf.tidy(() => tf.variable(tf.tensor([...values], [...shape]))));
  const zeros = start.map(() => 0);
  return { weights: variable(start), m: variable(zeros), v: variable(zeros) };
}

/** @param rates [learningRate, β₁ᵗ, β₂ᵗ] */
function update(entry: Entry, gradient: tf.Tensor, rates: tf.Tensor, rule: Rule): void {
  tf.tidy(() => {
    const [learningRate, beta1Power, beta2Power] = tf.unstack(rates) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const inputs = { ...entry, gradient, learningRate, beta1Power, beta2Power } as unknown as tf.NamedTensorMap;
    expect(tf.engine().runKernel(adam, inputs, { ...rule })).toEqual([]);
  });
}

function ratesOf(learningRate: number, step: number, { beta1, beta2 }: Rule): tf.Tensor {
  return tf.tensor1d([learningRate, beta1 ** step, beta2 ** step]);
}

/** Reference in 64 bits for one weight: weight, m and v after each step, with epsilon added before the bias correction. */
function* byHand(start: number, gradients: readonly number[], learningRate: number, { beta1, beta2, epsilon }: Rule) {
  let [weight, m, v] = [start, 0, 0];
  for (const [index, g] of gradients.entries()) {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** (index + 1))) / (1 - beta1 ** (index + 1));
    weight -= (rate * m) / (Math.sqrt(v) + epsilon);
    yield [weight, m, v] as const;
  }
}

const gradients = [0.3, -2, 1e-5, 0, 0.7, 300, -1e-3, 0.5];
/** Each weight has its own scale. */
const scales = [1, -0.5, 1e-6, 0, 100];
const starts = [0.5, -3, 0, 7, 1e-3];

describe.each<[string, Rule, number]>([
  ['Keras’ rule', keras, 0.01],
  ['a large epsilon', { ...keras, epsilon: 0.5 }, 0.1],
  ['other moments', { beta1: 0.5, beta2: 0.9, epsilon: 1e-7 }, 0.3],
  ['no first moment', { beta1: 0, beta2: 0.99, epsilon: 1e-3 }, 1],
])('Adam with %s', (_, rule, learningRate) => {
  const steps: [string, (entry: Entry) => (gradient: tf.Tensor, rates: tf.Tensor) => void][] = [
    ['eagerly', (entry) => (gradient, rates) => update(entry, gradient, rates, rule)],
    [
      'compiled',
      (entry) => {
        const step = (gradient: tf.Tensor, rates: tf.Tensor) => {
          update(entry, gradient, rates, rule);
          return [];
        };
        return own(compile(step));
      },
    ],
  ];

  it.each(steps)('%s equals the 64-bit reference', (_kind, stepOf) => {
    const entry = entryOf(starts);
    const step = stepOf(entry);
    const expected = starts.map((start, place) => {
      const own = gradients.map((gradient) => gradient * scales[place]!);
      return [...byHand(start, own, learningRate, rule)];
    });
    const largest = [0, 1, 2].map((which) =>
      expected.map((steps) => Math.max(...steps.map((values) => Math.abs(values[which]!)))),
    );
    for (const [index, gradient] of gradients.entries()) {
      step(tf.mul(scales, gradient), ratesOf(learningRate, index + 1, rule));
      // 1 − β₂ has a relative error of 5e-5 in 32 bits.
      for (const [which, variable] of [entry.weights, entry.m, entry.v].entries())
        for (const [place, value] of variable.dataSync().entries())
          expect(Math.abs(value - expected[place]![index]![which]!)).toBeLessThanOrEqual(
            1e-4 * largest[which]![place]!,
          );
    }
  });

  it('is bit-equal eagerly, compiled and without grappler', () => {
    const entries = [entryOf(starts), entryOf(starts), entryOf(starts)] as const;
    const stepOf = (entry: Entry) => (gradient: tf.Tensor, rates: tf.Tensor) => {
      update(entry, gradient, rates, rule);
      return [];
    };
    const all = [
      stepOf(entries[0]),
      own(compile(stepOf(entries[1]))),
      own(compile(stepOf(entries[2]), { optimizes: false })),
    ];
    for (const [index, gradient] of gradients.entries())
      for (const step of all) step(tf.mul(scales, gradient), ratesOf(learningRate, index + 1, rule));
    const [first, ...others] = entries.map(({ weights, m, v }) => [weights, m, v].map((one) => one.dataSync()));
    for (const other of others) expect(other).toEqual(first);
  });
});

describe('a step of Adam', () => {
  const rates = () => ratesOf(0.1, 1, keras);

  it.each([[[]], [[6]], [[2, 3]], [[1, 1, 2, 3]]])('accepts variables of shape %j', (shape) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const start = Array.from({ length }, (_, index) => index);
    const entry = entryOf(start, shape);
    update(entry, tf.ones(shape), rates(), keras);
    expect(entry.weights.shape).toEqual(shape);
    for (const [index, value] of entry.weights.dataSync().entries()) expect(value).toBeCloseTo(index - 0.1, 5);
  });

  it('updates variables in place: creates no tensor and writes to the same memory', () => {
    const entry = entryOf([1, 2]);
    const gradient = tf.ones([2]);
    const given = rates();
    update(entry, gradient, given, keras);
    const counts = () => [tf.memory().numTensors, tf.memory().numDataBuffers, backend.binding.getNumOfTensors()];
    const [before, dataIds] = [counts(), Object.values(entry).map(({ dataId }) => dataId)];
    for (let step = 2; step < 5; step += 1) update(entry, gradient, given, keras);
    expect(counts()).toEqual(before);
    expect(Object.values(entry).map(({ dataId }) => dataId)).toEqual(dataIds);
    expect(entry.weights.dataSync()[0]).toBeLessThan(0.7);
  });

  it('does not change the gradient and the rates', () => {
    const [gradient, given] = [tf.tensor1d([0.5, -0.5]), rates()];
    const values = [gradient, given].map((tensor) => [...tensor.dataSync()]);
    update(entryOf([1, 2]), gradient, given, keras);
    expect([gradient, given].map((tensor) => [...tensor.dataSync()])).toEqual(values);
  });

  it('rejects a gradient of another shape', () => {
    expect(() => update(entryOf([1, 2]), tf.ones([3]), rates(), keras)).toThrow(/shape/);
  });

  it('accepts the weights as the gradient', () => {
    const entry = entryOf([1, -2]);
    update(entry, entry.weights, rates(), keras);
    expect([...entry.weights.dataSync()].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0.9, -1.9]);
  });
});
