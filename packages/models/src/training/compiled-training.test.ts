import { type CompileOptions, compile } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import type { TrainablePart } from '../classifier/trainable-part.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, noiseImages } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy } from './cross-entropy.ts';
import { trainStep } from './train-step.ts';

beforeAll(useNativeBackend);

/** Op by op, or as one op. */
type Way = 'eager' | CompileOptions;

const backbones: readonly BackboneSpec[] = [
  { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
  { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 },
  { family: 'inception-v3', alpha: 1, inputSize: 107 },
  { family: 'xception', alpha: 1, inputSize: 71 },
];

/** With fewer, InceptionV3's last statistics are of so few numbers that 20 steps make much of the last digit. */
const batchSize = 8;
const labels = [0, 1, 2, 1, 0, 2, 1, 0];

interface Training {
  part: TrainablePart;
  adam: Adam;
  activations: tf.Tensor;
  labels: tf.Tensor1D;
}

/** Hands over a fresh training, always the same one, and disposes of it. */
function withTraining<T>(backbone: BackboneSpec, use: (training: Training) => T): T {
  const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], dropout: 0.2, seed: 5 });
  const part = classifier.part('all', { batchNorm: 'batch' });
  const adam = new Adam(part.variables);
  tf.engine().startScope();
  try {
    const activations = part.prefix(noiseImages(batchSize, backbone.inputSize));
    return use({ part, adam, activations, labels: tf.tensor1d(labels, 'int32') });
  } finally {
    tf.engine().endScope();
    adam.dispose();
    classifier.dispose();
  }
}

function prepared<Inputs extends tf.Tensor[], Result extends tf.Tensor | tf.Tensor[]>(
  way: Way,
  fn: (...inputs: Inputs) => Result,
): { call(...inputs: Inputs): Result; dispose(): void } {
  if (way === 'eager') return { call: fn, dispose() {} };
  const compiled = compile(fn, way);
  return { call: compiled, dispose: () => compiled.dispose() };
}

/** Loss and gradients of the first step. */
function firstStep(backbone: BackboneSpec, way: Way): Float32Array[] {
  return withTraining(backbone, ({ part, activations, labels }) => {
    const step = prepared(way, (activations: tf.Tensor, labels: tf.Tensor1D, step: tf.Scalar) => {
      const loss = () => crossEntropy(part.suffix(activations, { training: true, step }), labels);
      const { value, gradients } = backpropagate(loss, part.variables);
      return [value, ...part.variables.map(({ name }) => gradients[name]!)] as tf.Tensor[];
    });
    const results = step.call(activations, labels, tf.scalar(1, 'int32'));
    step.dispose();
    return results.map((one) => one.dataSync<'float32'>());
  });
}

/** The loss before each step. */
function losses(backbone: BackboneSpec, way: Way, stepCount: number): number[] {
  return withTraining(backbone, ({ part, adam, activations, labels }) => {
    const train = prepared(way, (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
      trainStep(part, adam, { activations, labels, rates, step }),
    );
    const found = Array.from({ length: stepCount }, () =>
      tf.tidy(() => {
        const { rates, step } = adam.nextStep(1e-4);
        return train.call(activations, labels, rates, step).dataSync()[0]!;
      }),
    );
    train.dispose();
    return found;
  });
}

function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const size = Array.from(expected).reduce((largest, one) => Math.max(largest, Math.abs(one)), 0);
  return largestDifference(found, expected) / size;
}

describe.each(backbones)('a compiled training of $family is the eager one', (backbone) => {
  it('in the first step, loss and gradients, to 1e-5', () => {
    const eager = firstStep(backbone, 'eager');
    const compiled = firstStep(backbone, { optimises: false });
    expect(compiled.length).toBe(eager.length);
    const differences = compiled.map((one, index) => relativeDifference(one, eager[index]!));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });

  it('over 20 steps to 1e-4 as it is, and to 1e-2 optimised by grappler, which reorders sums', () => {
    const eager = losses(backbone, 'eager', 20);
    expect(relativeDifference(losses(backbone, { optimises: false }, 20), eager)).toBeLessThan(1e-4);
    expect(relativeDifference(losses(backbone, { optimises: true }, 20), eager)).toBeLessThan(1e-2);
  });
});
