import { type CompileOptions, hasBfloat16 } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BackboneFamily } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { Adam } from './adam.ts';
import { Sgd } from './sgd.ts';
import { takeSteps } from './take-steps.fixture.ts';

beforeAll(useNativeBackend);

/** Sixteen images of 48 px: a bright disc, square or cross on a dark background. */
function drawnShapes(): { images: tf.Tensor4D; labels: tf.Tensor1D } {
  const [count, size] = [16, 48];
  const inside = [
    (dx: number, dy: number) => dx * dx + dy * dy < 100,
    (dx: number, dy: number) => Math.max(Math.abs(dx), Math.abs(dy)) < 9,
    (dx: number, dy: number) => Math.min(Math.abs(dx), Math.abs(dy)) < 3 && Math.max(Math.abs(dx), Math.abs(dy)) < 12,
  ];
  const pixels = new Float32Array(count * size * size * 3);
  for (let image = 0; image < count; image += 1) {
    const [x0, y0] = [16 + ((image * 7) % 16), 16 + ((image * 11) % 16)];
    for (let y = 0; y < size; y += 1)
      for (let x = 0; x < size; x += 1)
        pixels
          .fill(inside[image % 3]!(x - x0, y - y0) ? 200 : 30, ((image * size + y) * size + x) * 3)
          .fill(0, ((image * size + y) * size + x) * 3 + 3);
  }
  const labels = Array.from({ length: count }, (_, image) => image % 3);
  return { images: tf.tensor4d(pixels, [count, size, size, 3]), labels: tf.tensor1d(labels, 'int32') };
}

describe('trainStep', () => {
  it.each([
    ['mobilenet', 0.25],
    ['mobilenet-v2', 0.35],
  ] as [BackboneFamily, number][])('trains %s from scratch to fit sixteen images', (family, alpha) => {
    const classifier = createClassifier({
      backbone: { family, alpha, inputSize: 48 },
      classes: ['disc', 'square', 'cross'],
      dropout: 0.1,
      seed: 3,
    });
    const { images, labels } = drawnShapes();
    const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const activations = view.prefix(images);
    const adam = new Adam(view.variables);
    const losses = takeSteps(
      view,
      adam,
      { activations, labels },
      { stepCount: 30, learningRate: 5e-3, compiled: { optimizes: false } },
    );
    view.recalibrateBatchNorm([activations]);
    expect(losses[0]).toBeGreaterThan(0.5);
    expect(losses.at(-1)).toBeLessThan(0.1);
    const predicted = tf.tidy(() => tf.argMax(classifier.logits(images), 1).dataSync());
    expect(predicted).toEqual(labels.dataSync());
    adam.dispose();
    classifier.dispose();
    tf.dispose([images, labels]);
  });

  it('returns the loss before the step, and leaks no tensor', () => {
    const classifier = createClassifier({
      backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
      classes: ['a', 'b'],
      seed: 1,
    });
    const view = classifier.fineTuneView('head', { batchNorm: 'moving' });
    const batch = { activations: tf.ones([4, 256]), labels: tf.tensor1d([0, 1, 1, 1], 'int32') };
    const before = tf.memory().numTensors;
    const adam = new Adam(view.variables);
    const losses = takeSteps(view, adam, batch, { stepCount: 3, learningRate: 1e-3, labelSmoothing: 0.1 });
    adam.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
    expect(losses[2]).toBeLessThan(losses[0]!);
    tf.dispose(batch);
    classifier.dispose();
  });

  it.each<[string, CompileOptions | undefined]>([
    ['op by op', undefined],
    ['compiled', { optimizes: false }],
    ...(hasBfloat16() ? [['in bfloat16', { precision: 'bfloat16' }] as [string, CompileOptions]] : []),
  ])('clips the gradients: with SGD, the weights move by the rate times the norm, %s', (_, compiled) => {
    const moved = (clipNorm: number) => {
      const classifier = createClassifier({
        backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 48 },
        classes: ['disc', 'square', 'cross'],
        seed: 1,
      });
      const { images, labels } = drawnShapes();
      const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
      const activations = view.prefix(images);
      const before = view.variables.map((variable) => variable.dataSync().slice());
      const sgd = new Sgd(view.variables);
      takeSteps(
        view,
        sgd,
        { activations, labels },
        { stepCount: 1, learningRate: 0.5, clipNorm, ...(compiled && { compiled }) },
      );
      const squares = view.variables.map((variable, index) =>
        variable.dataSync<'float32'>().reduce((sum, value, at) => sum + (value - before[index]![at]!) ** 2, 0),
      );
      sgd.dispose();
      classifier.dispose();
      tf.dispose([images, labels, activations]);
      return Math.hypot(...squares.map(Math.sqrt));
    };
    const free = moved(1e9);
    expect(free).toBeGreaterThan(0.1);
    expect(moved(0.01) / (0.5 * 0.01)).toBeCloseTo(1, compiled?.precision === 'bfloat16' ? 2 : 3);
  });

  it('gives the same weights with the same seed, including dropout', () => {
    const run = () => {
      const classifier = createClassifier({
        backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 48 },
        classes: ['disc', 'square', 'cross'],
        dropout: 0.5,
        seed: 1,
      });
      const { images, labels } = drawnShapes();
      const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
      const activations = view.prefix(images);
      const adam = new Adam(view.variables);
      takeSteps(view, adam, { activations, labels }, { stepCount: 3, learningRate: 1e-3 });
      const weights = classifier.weights.map(({ variable }) => variable.dataSync().slice());
      adam.dispose();
      classifier.dispose();
      tf.dispose([images, labels, activations]);
      return weights;
    };
    expect(run()).toEqual(run());
  });
});
