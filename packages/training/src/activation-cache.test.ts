import { createPixelStore, type ImageBatch, PixelStore } from '@chorus/data';
import { createClassifier, type FineTuneRange } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { ActivationCache } from './activation-cache.ts';
import { ImageReader } from './image-reader.ts';
import { StopFlag } from './stop-flag.ts';

const size = 32;
const imageCount = 5;
const indices = Uint32Array.of(4, 0, 2);
const handle = createPixelStore(imageCount, size);

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  const store = new PixelStore(handle);
  for (let image = 0; image < imageCount; image += 1)
    store.publish(
      image,
      Uint8Array.from({ length: size * size * 3 }, (_, index) => (index * (image + 3)) % 256),
    );
});

const classifier = (): ReturnType<typeof createClassifier> =>
  createClassifier({ backbone: { family: 'mobilenet', alpha: 0.25, inputSize: size }, classes: ['a', 'b'], seed: 1 });

const lane = { stop: new StopFlag(), compute: { compile: false, bfloat16: false } as const };

const batch: ImageBatch = { indices: Uint32Array.of(2, 4), flips: Uint8Array.of(1, 0) };

function activationsOf(activations: ActivationCache, batch: ImageBatch): tf.Tensor {
  return tf.tidy(() => activations.activations(activations.input(batch)));
}

describe('cached activations', () => {
  test.each<[FineTuneRange]>([['head'], [{ lastLayers: 20 }]])(
    'equal recomputed ones, flipped or not: %j',
    async (range) => {
      const model = classifier();
      const view = model.fineTuneView(range, { batchNorm: 'moving' });
      const reader = new ImageReader(handle, new SharedArrayBuffer(imageCount));
      const kept = new ActivationCache(view, reader, indices, 2);
      const fresh = new ActivationCache(view, reader, indices, 2);
      const width = view.cut.shape.reduce((product, side) => product * side, 1);
      expect(await kept.compute(1e9, lane)).toBe(2 * 3 * width * 4);
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
    },
  );

  it('are the same when another task has computed them in shared memory', async () => {
    const model = classifier();
    const view = model.fineTuneView('head', { batchNorm: 'moving' });
    const reader = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const own = new ActivationCache(view, reader, indices, 2);
    await own.compute(1e9, lane);
    const rows = new SharedArrayBuffer(2 * indices.length * model.featureWidth * 4);
    await new ActivationCache(view, reader, indices, 2).rows(lane, new Float32Array(rows));
    const shared = ActivationCache.shared(view, reader, { indices, rowsPerImage: 2, rows });
    const [one, other] = [own, shared].map((activations) => activationsOf(activations, batch)) as [
      tf.Tensor,
      tf.Tensor,
    ];
    expect(other.dataSync()).toEqual(one.dataSync());
    tf.dispose([one, other]);
    model.dispose();
  });

  it('are not computed if the cut is the input, since pixels take less memory', async () => {
    const model = classifier();
    const view = model.fineTuneView('all', { batchNorm: 'batch' });
    const reader = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    expect(await new ActivationCache(view, reader, indices, 2).compute(1e9, lane)).toBe(0);
    model.dispose();
  });

  it('belong to the requested images, and each read is recorded', async () => {
    const model = classifier();
    const reads = new SharedArrayBuffer(imageCount);
    const view = model.fineTuneView('head', { batchNorm: 'moving' });
    await new ActivationCache(view, new ImageReader(handle, reads), indices, 1).compute(1e9, lane);
    expect([...new Uint8Array(reads)]).toEqual([1, 0, 1, 0, 1]);
    model.dispose();
  });
});
