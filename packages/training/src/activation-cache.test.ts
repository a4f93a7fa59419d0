import { createPixelStore, type ImageBatch } from '@chorus/data';
import { createClassifier, type FineTuneRange } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { ActivationCache } from './activation-cache.ts';
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

function activationsOf(activations: ActivationCache, batch: ImageBatch): tf.Tensor {
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
