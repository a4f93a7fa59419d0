import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { momentum } from './momentum.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

type Rule = { momentum: number; nesterov: boolean };
type Entry = Record<'weights' | 'velocity', tf.Variable>;

function entryOf(start: readonly number[]): Entry {
  const variable = (values: readonly number[]) => own(tf.tidy(() => tf.variable(tf.tensor1d([...values]))));
  return { weights: variable(start), velocity: variable(start.map(() => 0)) };
}

function update(entry: Entry, gradient: tf.Tensor, learningRate: tf.Tensor, rule: Rule): void {
  const inputs = { ...entry, gradient, learningRate } as unknown as tf.NamedTensorMap;
  expect(tf.engine().runKernel(momentum, inputs, { ...rule })).toEqual([]);
}

/** Reference in 64 bits for one weight, after each step; Keras' rule, in which the velocity contains the learning rate. */
function* byHand(start: number, gradients: readonly number[], rates: readonly number[], { momentum, nesterov }: Rule) {
  let [weight, velocity] = [start, 0];
  for (const [index, g] of gradients.entries()) {
    velocity = momentum * velocity - rates[index]! * g;
    weight += nesterov ? momentum * velocity - rates[index]! * g : velocity;
    yield weight;
  }
}

const gradients = [0.3, -2, 1e-5, 0, 0.7, 3, -1e-3, 0.5];
const rates = [0.1, 0.1, 0.2, 0.05, 0.1, 0.01, 0.1, 0.3];
const scales = [1, -0.5, 1e-3, 0];
const starts = [0.5, -3, 0, 7];

describe.each<Rule>([
  { momentum: 0, nesterov: false },
  { momentum: 0.9, nesterov: false },
  { momentum: 0.9, nesterov: true },
])('momentum $momentum, Nesterov: $nesterov', (rule) => {
  it('equals the 64-bit reference eagerly and compiled, with equal bits', () => {
    const entries = [entryOf(starts), entryOf(starts), entryOf(starts)] as const;
    const stepOf = (entry: Entry) => (gradient: tf.Tensor, rate: tf.Tensor) => {
      update(entry, gradient, rate, rule);
      return [];
    };
    const steps = [
      stepOf(entries[0]),
      own(compile(stepOf(entries[1]))),
      own(compile(stepOf(entries[2]), { optimizes: false })),
    ];
    const expected = starts.map((start, place) => [
      ...byHand(
        start,
        gradients.map((gradient) => gradient * scales[place]!),
        rates,
        rule,
      ),
    ]);
    for (const [index, gradient] of gradients.entries()) {
      for (const step of steps) step(tf.mul(scales, gradient), tf.scalar(rates[index]!));
      for (const [place, value] of entries[0].weights.dataSync().entries())
        expect(value).toBeCloseTo(expected[place]![index]!, 5);
      for (const { weights, velocity } of entries.slice(1)) {
        expect(weights.dataSync()).toEqual(entries[0].weights.dataSync());
        expect(velocity.dataSync()).toEqual(entries[0].velocity.dataSync());
      }
    }
  });
});

it('updates variables in place: creates no tensor and writes to the same memory', () => {
  const entry = entryOf([1, 2]);
  const [gradient, rate] = [tf.ones([2]), tf.scalar(0.1)];
  update(entry, gradient, rate, { momentum: 0.5, nesterov: false });
  const counts = () => [tf.memory().numTensors, tf.memory().numDataBuffers, backend.binding.getNumOfTensors()];
  const [before, dataId] = [counts(), entry.weights.dataId];
  update(entry, gradient, rate, { momentum: 0.5, nesterov: false });
  expect(counts()).toEqual(before);
  expect(entry.weights.dataId).toBe(dataId);
  expect(entry.weights.dataSync()[0]).toBeCloseTo(1 - 0.1 - 0.15, 6);
});

it('rejects a gradient of another shape', () => {
  expect(() => update(entryOf([1, 2]), tf.ones([3]), tf.scalar(1), { momentum: 0, nesterov: false })).toThrow(/shape/);
});
