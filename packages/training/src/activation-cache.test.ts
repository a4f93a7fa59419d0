import { createPixelStore, type ImageBatch } from '@chorus/data';
import { createClassifier, type FineTuneRange } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { ActivationCache } from './activation-cache.ts';
import { unchanged } from './augment/settings.ts';
import type { AugmentedBatch } from './augmentation.ts';
import type { DrawnCopies } from './cached-copies.ts';
import { CopyReader } from './copy-reader.ts';
import { computeIn, publishImages } from './engines.fixture.ts';
import { ImageReader } from './image-reader.ts';
import { StopFlag } from './stop-flag.ts';

const size = 32;
const imageCount = 5;
const indices = Uint32Array.of(4, 0, 2);
const handle = createPixelStore(imageCount, size);

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  publishImages(handle);
});

const classifier = (): ReturnType<typeof createClassifier> =>
  createClassifier({ backbone: { family: 'mobilenet', alpha: 0.25, inputSize: size }, classes: ['a', 'b'], seed: 1 });

const lanes = {
  tensorflow: { stop: new StopFlag(), compute: computeIn.tensorflow },
  onnxruntime: { stop: new StopFlag(), compute: computeIn.onnxruntime },
};
const lane = lanes.tensorflow;

const batch: ImageBatch = { indices: Uint32Array.of(2, 4), flips: Uint8Array.of(1, 0) };

const copies: DrawnCopies = {
  count: 2,
  augmentation: { kind: 'random', ...unchanged, flip: true, cropArea: 0.5, rotation: 30, brightness: 0.3 },
  seed: 5,
};

function activationsOf(activations: ActivationCache, batch: AugmentedBatch): tf.Tensor {
  return tf.tidy(() => activations.activations(activations.input(batch)));
}

describe('cached activations', () => {
  test.each<[FineTuneRange, keyof typeof lanes]>([
    ['head', 'tensorflow'],
    [{ lastLayers: 20 }, 'tensorflow'],
    ['head', 'onnxruntime'],
    [{ lastLayers: 20 }, 'onnxruntime'],
  ])('equal recomputed ones, flipped or not: %j in %s', async (range, engine) => {
    const model = classifier();
    const view = model.fineTuneView(range, { batchNorm: 'moving' });
    const reader = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const source = { classifier: model, view, images: reader };
    const kept = new ActivationCache(source, indices, 2);
    const fresh = new ActivationCache(source, indices, 2);
    const width = view.cut.shape.reduce((product, side) => product * side, 1);
    expect(await kept.compute(1e9, lanes[engine])).toBe(2 * 3 * width * 4);
    expect(await fresh.compute(10, lane)).toBe(0);
    const before = tf.memory().numTensors;
    const [one, other] = [kept, fresh].map((activations) => activationsOf(activations, batch)) as [
      tf.Tensor,
      tf.Tensor,
    ];
    expect(tf.memory().numTensors).toBe(before + 2);
    expect(one.shape).toEqual([2, ...view.cut.shape]);
    const largest = tf.tidy(() => one.sub(other).abs().max().dataSync()[0]!);
    expect(largest).toBeLessThan(1e-5);
    tf.dispose([one, other]);
    model.dispose();
  });

  test.each<[FineTuneRange, keyof typeof lanes]>([
    ['head', 'tensorflow'],
    ['head', 'onnxruntime'],
    [{ lastLayers: 20 }, 'tensorflow'],
  ])('of augmented copies are those of each copy, and no other: %j in %s', async (range, engine) => {
    const model = classifier();
    const view = model.fineTuneView(range, { batchNorm: 'moving' });
    const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    // With other statistics, activations would hardly depend on the image.
    const all = model.fineTuneView('all', { batchNorm: 'batch' });
    const readers = [images, ...Array.from({ length: 7 }, (_, copy) => new CopyReader(images, copies, copy + 1))];
    const every = { indices: Uint32Array.from({ length: imageCount }, (_, index) => index), flips: new Uint8Array(5) };
    all.recalibrateBatchNorm([
      tf.tidy(() => all.prefix(tf.concat(readers.map((reader) => reader.read(every).toFloat())))),
    ]);
    const kept = new ActivationCache({ classifier: model, view, images }, indices, 2, copies);
    const width = view.cut.shape.reduce((product, side) => product * side, 1);
    expect(await kept.compute(1e9, lanes[engine])).toBe((2 + copies.count) * 3 * width * 4);
    const numbers: number[][] = [];
    for (const copy of [0, 1, 2]) {
      const versions = Uint8Array.of(copy, copy);
      const found = activationsOf(kept, { ...batch, versions });
      const reader = copy === 0 ? images : new CopyReader(images, copies, copy);
      const expected = view.prefix(reader.read(batch));
      expect(tf.tidy(() => found.sub(expected).abs().max().dataSync()[0]!)).toBeLessThan(1e-3);
      numbers.push(Array.from(expected.dataSync()));
      tf.dispose([found, expected]);
    }
    for (const [one, other] of [
      [0, 1],
      [1, 2],
    ] as const)
      expect(Math.max(...numbers[one]!.map((value, at) => Math.abs(value - numbers[other]![at]!)))).toBeGreaterThan(
        0.1,
      );
    model.dispose();
  });

  it('refuses copies that exceed the budget, or that nothing has to be kept for', async () => {
    const model = classifier();
    const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const cacheOf = (range: FineTuneRange) => {
      const view = model.fineTuneView(range, { batchNorm: 'moving' });
      return new ActivationCache({ classifier: model, view, images }, indices, 1, copies);
    };
    await expect(cacheOf('head').compute(3 * 3 * 256 * 4 - 1, lane)).rejects.toThrow(
      /for 2 copies of each image take 1 MB, more than the 0 MB that a stage can keep; lower recipe\.cachedCopies/,
    );
    expect(await cacheOf('head').compute(3 * 3 * 256 * 4, lane)).toBe(3 * 3 * 256 * 4);
    await expect(cacheOf('all').compute(1e9, lane)).rejects.toThrow('recipe.cachedCopies is 2, but all layers train');
    model.dispose();
  });

  it('are not computed if the cut is the input, since pixels take less memory', async () => {
    const model = classifier();
    const view = model.fineTuneView('all', { batchNorm: 'batch' });
    const reader = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const source = { classifier: model, view, images: reader };
    expect(await new ActivationCache(source, indices, 2).compute(1e9, lane)).toBe(0);
    model.dispose();
  });

  it('belong to the requested images, and each read is recorded', async () => {
    const model = classifier();
    const reads = new SharedArrayBuffer(imageCount);
    const view = model.fineTuneView('head', { batchNorm: 'moving' });
    const source = { classifier: model, view, images: new ImageReader(handle, reads) };
    await new ActivationCache(source, indices, 1).compute(1e9, lane);
    expect([...new Uint8Array(reads)]).toEqual([1, 0, 1, 0, 1]);
    model.dispose();
  });
});
