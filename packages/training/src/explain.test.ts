import { createPixelStore } from '@chorus/data';
import { createClassifier, memberFromBytes, memberToBytes, type SavedMember } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { publishImages } from './engines.fixture.ts';
import { StoppedError } from './errors.ts';
import { explain } from './explain.ts';
import type { ImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { KeptModels } from './kept-models.ts';
import type { ExplainTask } from './protocol.ts';
import { StopFlag } from './stop-flag.ts';

/** Feature maps of 2 × 2. */
const size = 64;
/** More than a batch. */
const imageCount = 6;
const pixels = createPixelStore(imageCount, size);
const featureWidth = 256;
const classes = ['a', 'b', 'c'];
const outputs = classes.length + featureWidth;
const indices = Uint32Array.from({ length: imageCount }, (_, position) => imageCount - 1 - position);

let member: SavedMember;
beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  publishImages(pixels);
  const classifier = createClassifier({
    backbone: { family: 'mobilenet', alpha: 0.25, inputSize: size },
    classes,
    seed: 2,
  });
  member = memberToBytes(classifier);
  classifier.dispose();
});

/** @param at the outputs of each score. */
function taskFor(at: readonly (readonly number[])[]): ExplainTask {
  const derivatives = new Float32Array(imageCount * at.length * outputs);
  for (let position = 0; position < imageCount; position += 1)
    // Another factor for each image, so that the order of images matters.
    for (const [score, some] of at.entries())
      for (const output of some) derivatives[(position * at.length + score) * outputs + output] = 1 + position;
  return {
    ...{ kind: 'explain', name: 'slim', ...member, pixels, indices },
    ...{ reads: new SharedArrayBuffer(imageCount), scoreCount: at.length, derivatives },
  };
}

const lane = () => ({ models: new KeptModels<ImageFunction>(), stop: new StopFlag() });

it('returns maps whose values sum up to what the feature maps contribute to each score', async () => {
  const task = taskFor([[1], [classes.length + 7, classes.length + 9]]);
  const { height, width, values } = await explain(task, lane());
  expect([height, width, values.length]).toEqual([2, 2, imageCount * 2 * 4]);
  expect(new Uint8Array(task.reads).every((read) => read === 1)).toBe(true);
  const classifier = memberFromBytes(member.manifest, member.weights);
  const rows = tf.tidy(() => {
    const images = new ImageReader(pixels, task.reads).read({ indices, flips: new Uint8Array(imageCount) });
    return classifier.logitsAndFeatures(images).dataSync<'float32'>();
  });
  const bias = classifier.weights.at(-1)!.variable.dataSync()[1]!;
  classifier.dispose();
  for (let position = 0; position < imageCount; position += 1) {
    const row = rows.subarray(position * outputs, (position + 1) * outputs);
    const contributions = [row[1]! - bias, row[classes.length + 7]! + row[classes.length + 9]!];
    for (const [score, contribution] of contributions.entries()) {
      const map = values.subarray((position * 2 + score) * 4, (position * 2 + score + 1) * 4);
      const expected = (1 + position) * contribution;
      const found = map.reduce((sum, one) => sum + one, 0);
      expect(Math.abs(found - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      expect(new Set(map).size).toBeGreaterThan(1);
    }
  }
});

it('leaks no tensor', async () => {
  const before = tf.memory().numTensors;
  await explain(taskFor([[0]]), lane());
  expect(tf.memory().numTensors).toBe(before);
});

it('disposes the model that the lane has built last', async () => {
  const { models, stop } = lane();
  let isAlive = true;
  const dispose = async () => {
    isAlive = false;
  };
  await models.get('other', async () => ({ rows: () => Promise.reject(new Error('not called')), dispose }), {
    isKept: false,
  });
  await explain(taskFor([[0]]), { models, stop });
  expect(isAlive).toBe(false);
});

it('stops once a stop is requested', async () => {
  const { models, stop } = lane();
  stop.raise();
  await expect(explain(taskFor([[0]]), { models, stop })).rejects.toThrow(StoppedError);
});
