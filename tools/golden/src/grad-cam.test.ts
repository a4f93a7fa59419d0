/** Compares Grad-CAM with the gradients of Keras and PyTorch in grad-cam.json, written by grad_cam.py. */
import { backboneFamilies, gradCam } from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import stored from '../grad-cam.json' with { type: 'json' };
import { cases } from './cases.ts';
import { images } from './formula.ts';
import { buildCase } from './measure.ts';

const streams = { batch: 0, other: 3 };
const batchSize = 16;

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
});

const compared = Object.entries(stored.cases).map(([name, one]) => ({
  ...{ name, golden: cases.find((golden) => golden.name === name)! },
  ...one,
}));

it('has a case of every family', () => {
  expect(compared.map(({ golden }) => golden.family).toSorted()).toEqual([...backboneFamilies].toSorted());
});

it.each(compared)('$name: the maps are those of its reference', ({ golden, size, maps }) => {
  const classifier = buildCase(golden, size);
  const expected = maps.flat(2);
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const { width, found } = tf.tidy(() => {
    view.recalibrateBatchNorm([view.prefix(images(streams.batch, batchSize, size))]);
    const pixels = images(streams.other, batchSize, size).slice(0, maps.length);
    const ofLogit = tf.oneHot(tf.zeros([maps.length], 'int32'), 1 + classifier.featureWidth).toFloat() as tf.Tensor2D;
    const [evidence] = gradCam(classifier, pixels, [ofLogit]);
    return { width: evidence!.shape[2], found: evidence!.dataSync<'float32'>() };
  });
  classifier.dispose();
  expect(width).toBe(maps[0]![0]!.length);
  expect(found).toHaveLength(expected.length);
  const norm = (values: readonly number[]) => Math.hypot(...values);
  const difference = norm(expected.map((one, index) => found[index]! - one));
  // Measured: at most 5e-6.
  expect(difference / norm(expected)).toBeLessThan(1e-4);
  // Maps that vary over the image, so that the comparison means something.
  const mean = expected.reduce((sum, one) => sum + one, 0) / expected.length;
  expect(norm(expected.map((one) => one - mean)) / norm(expected)).toBeGreaterThan(0.2);
});
