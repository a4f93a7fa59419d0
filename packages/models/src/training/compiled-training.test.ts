import { type CompileOptions, compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, noiseImages } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy } from './cross-entropy.ts';
import { takeSteps } from './take-steps.fixture.ts';

beforeAll(useNativeBackend);

/** With moments, statistics and the counter of steps, the third step reads all that the first ones wrote. Steps of a large backbone take seconds. */
const backbones: readonly { backbone: BackboneSpec; stepCount: number }[] = [
  { backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 }, stepCount: 10 },
  { backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 }, stepCount: 10 },
  { backbone: { family: 'inception-v3', alpha: 1, inputSize: 107 }, stepCount: 3 },
  { backbone: { family: 'xception', alpha: 1, inputSize: 71 }, stepCount: 3 },
  { backbone: { family: 'efficientnet-lite0', inputSize: 64 }, stepCount: 10 },
];

/** With fewer, InceptionV3's last statistics come from so few numbers that 20 steps amplify rounding errors. */
const batchSize = 8;
const labels = [0, 1, 2, 1, 0, 2, 1, 0];

interface Training {
  view: FineTuneView;
  adam: Adam;
  activations: tf.Tensor;
  labels: tf.Tensor1D;
}

/** Passes a new model and optimizer, always with the same weights, to `use`, and disposes them. */
function withTraining<T>(backbone: BackboneSpec, use: (training: Training) => T): T {
  const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], dropout: 0.2, seed: 5 });
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const adam = new Adam(view.variables);
  tf.engine().startScope();
  try {
    const activations = view.prefix(noiseImages(batchSize, backbone.inputSize));
    return use({ view, adam, activations, labels: tf.tensor1d(labels, 'int32') });
  } finally {
    tf.engine().endScope();
    adam.dispose();
    classifier.dispose();
  }
}

/** Loss and gradients of the first step. */
function firstStep(backbone: BackboneSpec, compiled?: CompileOptions): Float32Array[] {
  return withTraining(backbone, ({ view, activations, labels }) => {
    const eager = (activations: tf.Tensor, labels: tf.Tensor1D, step: tf.Scalar) => {
      const loss = () => crossEntropy(view.suffix(activations, { training: true, step }), labels);
      const { value, gradients } = backpropagate(loss, view.variables);
      return [value, ...view.variables.map(({ name }) => gradients[name]!)] as tf.Tensor[];
    };
    const asOne = compiled && compile(eager, compiled);
    const results = (asOne ?? eager)(activations, labels, tf.scalar(1, 'int32'));
    asOne?.dispose();
    return results.map((one) => one.dataSync<'float32'>());
  });
}

/** The loss before each step. */
function losses(backbone: BackboneSpec, stepCount: number, compiled?: CompileOptions): number[] {
  return withTraining(backbone, ({ view, adam, ...batch }) =>
    takeSteps(view, adam, batch, { stepCount, learningRate: 1e-4, ...(compiled && { compiled }) }),
  );
}

function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const size = Array.from(expected).reduce((largest, one) => Math.max(largest, Math.abs(one)), 0);
  return largestDifference(found, expected) / size;
}

describe.each(backbones)('compiled training of $backbone.family equals eager training', ({ backbone, stepCount }) => {
  it('in loss and gradients of the first step, to 1e-5', () => {
    const eager = firstStep(backbone);
    const compiled = firstStep(backbone, { optimizes: false });
    expect(compiled.length).toBe(eager.length);
    const differences = compiled.map((one, index) => relativeDifference(one, eager[index]!));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });

  it(`over ${stepCount} steps, to 1e-4, or to 1e-2 if optimized by grappler, which reorders sums`, () => {
    const eager = losses(backbone, stepCount);
    expect(relativeDifference(losses(backbone, stepCount, { optimizes: false }), eager)).toBeLessThan(1e-4);
    expect(relativeDifference(losses(backbone, stepCount, { optimizes: true }), eager)).toBeLessThan(1e-2);
  });
});
