import { type CompileOptions, compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, noiseImages } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy } from './cross-entropy.ts';
import { takeSteps } from './take-steps.fixture.ts';

beforeAll(useNativeBackend);

const backbones: readonly BackboneSpec[] = [
  { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
  { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 },
  { family: 'inception-v3', alpha: 1, inputSize: 107 },
  { family: 'xception', alpha: 1, inputSize: 71 },
  { family: 'efficientnet-lite0', inputSize: 64 },
];

/** With moments, statistics and the counter of steps, the third step reads all that the first ones wrote. */
const stepCount = 3;
/** With fewer, InceptionV3's last statistics come from so few numbers that 20 steps amplify rounding errors. */
const batchSize = 8;
const labels = [0, 1, 2, 1, 0, 2, 1, 0];

interface Training {
  view: FineTuneView;
  adam: Adam;
  activations: tf.Tensor;
  labels: tf.Tensor1D;
}

/** Passes a new optimizer and the model's first weights to `use`, and restores these. */
function withTraining<T>(classifier: Classifier, use: (training: Training) => T): T {
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const adam = new Adam(view.variables);
  const before = view.snapshot();
  tf.engine().startScope();
  try {
    const activations = view.prefix(noiseImages(batchSize, classifier.backbone.inputSize));
    return use({ view, adam, activations, labels: tf.tensor1d(labels, 'int32') });
  } finally {
    tf.engine().endScope();
    before.restore();
    before.dispose();
    adam.dispose();
  }
}

/** Loss and gradients of the first step. */
function firstStep(classifier: Classifier, compiled?: CompileOptions): Float32Array[] {
  return withTraining(classifier, ({ view, activations, labels }) => {
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
function losses(classifier: Classifier, compiled?: CompileOptions): number[] {
  return withTraining(classifier, ({ view, adam, ...batch }) =>
    takeSteps(view, adam, batch, { stepCount, learningRate: 1e-4, ...(compiled && { compiled }) }),
  );
}

function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  return largestDifference(found, expected) / largestDifference(expected, new Float32Array(expected.length));
}

describe.each(backbones)('compiled training of $family equals eager training', (backbone) => {
  let classifier: Classifier;
  beforeAll(() => {
    classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], dropout: 0.2, seed: 5 });
  });
  afterAll(() => classifier.dispose());

  it('in loss and gradients of the first step, to 1e-5', () => {
    const eager = firstStep(classifier);
    const compiled = firstStep(classifier, { optimizes: false });
    expect(compiled.length).toBe(eager.length);
    const differences = compiled.map((one, index) => relativeDifference(one, eager[index]!));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });

  it('over three steps, to 1e-4, or to 1e-2 if optimized by grappler, which reorders sums', () => {
    const eager = losses(classifier);
    expect(relativeDifference(losses(classifier, { optimizes: false }), eager)).toBeLessThan(1e-4);
    expect(relativeDifference(losses(classifier, { optimizes: true }), eager)).toBeLessThan(1e-2);
  });
});
