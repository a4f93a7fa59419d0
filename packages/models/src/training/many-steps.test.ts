import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import type { BackboneFamily } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { noiseImages } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { trainStep } from './train-step.ts';

beforeAll(useNativeBackend);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function residentBytes(): number {
  // The second call waits for memory that the first one frees in another thread.
  for (const _ of [1, 2]) collectGarbage();
  return process.memoryUsage.rss();
}

// `pnpm soak` runs a thousand steps of every backbone. Leaking the gradients of each step would take 50 times the memory of the
// weights; without a leak the resident set grows only by what the allocator keeps.
it.each<[BackboneFamily, number, 'eager' | 'compiled']>([
  ['mobilenet', 0.5, 'eager'],
  ['mobilenet', 0.5, 'compiled'],
  ['mobilenet-v2', 0.35, 'eager'],
  ['mobilenet-v2', 0.35, 'compiled'],
])(
  '50 steps of %s, alpha %d, %s, increase neither the number of tensors nor the resident set',
  (family, alpha, way) => {
    const classifier = createClassifier({
      backbone: { family, alpha, inputSize: 32 },
      classes: ['a', 'b'],
      dropout: 0.2,
      seed: 1,
    });
    const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const adam = new Adam(view.variables);
    const [images, labels] = [noiseImages(2, 32), tf.tensor1d([0, 1], 'int32')];
    const eager = (pixels: tf.Tensor4D, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
      trainStep(view, adam, { activations: view.prefix(pixels), labels, rates, step });
    const compiled = way === 'compiled' ? compile(eager, { optimizes: false }) : undefined;
    const steps = (count: number) => {
      for (let done = 0; done < count; done += 1)
        tf.tidy(() => {
          const { rates, step } = adam.nextStep(1e-4);
          (compiled ?? eager)(images, labels, rates, step).dataSync();
        });
    };
    try {
      steps(10);
      const [tensorCount, bytes] = [tf.memory().numTensors, residentBytes()];
      steps(50);
      expect(tf.memory().numTensors).toBe(tensorCount);
      const weightBytes = 4 * classifier.weights.reduce((sum, { variable }) => sum + variable.size, 0);
      expect(residentBytes() - bytes).toBeLessThan(20 * weightBytes);
    } finally {
      compiled?.dispose();
      adam.dispose();
      classifier.dispose();
      tf.dispose([images, labels]);
    }
  },
);
