import { createClassifier, memberToBytes, type SavedMember } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KeptModels } from './kept-models.ts';
import type { ImagePredictor } from './predict-images.ts';
import type { PredictTask } from './protocol.ts';

let saved: SavedMember;
const models = new KeptModels({ compile: false, bfloat16: false });

beforeAll(() => {
  tf.enableProdMode();
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 0 });
  saved = memberToBytes(classifier);
  classifier.dispose();
});
afterEach(() => models.release());

function task(keepAs?: string): PredictTask {
  const nothing = new SharedArrayBuffer(0);
  const pixels = { size: 32, count: 0, segments: [], imagesPerSegment: 1, ready: nothing };
  const rest = { pixels, indices: new Uint32Array(), reads: nothing, testTimeAugmentation: false };
  return { kind: 'predict', name: 'one', ...saved, ...rest, imageCount: 1, keepAs };
}

const predictorOf = (one: PredictTask) => models.with(one, (predictor) => Promise.resolve(predictor));

describe('models of a lane', () => {
  it('are built once per key and disposed when released', async () => {
    const before = tf.memory().numTensors;
    const first = await predictorOf(task('one/0'));
    const kept = tf.memory().numTensors;
    expect(kept).toBeGreaterThan(before);
    expect(await predictorOf(task('one/0'))).toBe(first);
    expect(tf.memory().numTensors).toBe(kept);
    expect(await predictorOf(task('one/1'))).not.toBe(first);
    models.release();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('are built for each task without a key and disposed after it, even if it fails', async () => {
    const before = tf.memory().numTensors;
    let during: ImagePredictor | undefined;
    const failing = models.with(task(), (predictor) => {
      during = predictor;
      expect(tf.memory().numTensors).toBeGreaterThan(before);
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    expect(await predictorOf(task())).not.toBe(during);
    expect(tf.memory().numTensors).toBe(before);
  });
});
