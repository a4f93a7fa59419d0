import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { alphaOfFile } from './alpha-of-file.ts';
import { h5File, type LayerToWrite, layersOf, writeCountedLayers, writeLayers } from './h5.fixture.ts';

beforeAll(() => tf.setBackend('cpu'));

function layersAt(family: BackboneFamily, alpha: number): LayerToWrite[] {
  const backbone = { family, alpha, inputSize: backboneTable[family].minimumInputSize };
  const classifier = new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
  const layers = layersOf(classifier);
  classifier.dispose();
  return layers;
}

describe('alphaOfFile', () => {
  it.each([
    ['mobilenet', 0.25],
    ['mobilenet-v2', 0.35],
    ['mobilenet-v2', 0.5],
  ] as [BackboneFamily, number][])('of %s %f, in both layouts, leaves nothing behind', async (family, alpha) => {
    const layers = layersAt(family, alpha);
    const tensors = tf.memory().numTensors;
    for (const write of [writeLayers, writeCountedLayers]) {
      const bytes = await h5File((file) => write(file, layers));
      expect(await alphaOfFile(family, { name: 'some.h5', bytes })).toBe(alpha);
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each([
    [
      'another family',
      'mobilenet-v2',
      () => layersAt('mobilenet', 0.25),
      /expected weights of mobilenet-v2, received those of mobilenet of alpha 0\.25/,
    ],
    [
      'half a file of the only alpha with its features',
      'mobilenet',
      () => layersAt('mobilenet', 0.25).slice(9),
      /^some\.h5: expected layer conv1 at place 1 of 54, received \/layers\/conv2d \(\w+\); is it of /,
    ],
    [
      'half a file of one of several alphas',
      'mobilenet-v2',
      () => layersAt('mobilenet-v2', 0.35).slice(9),
      /received layers that fit none; for the one that you name, the error says which layer does not\.$/,
    ],
    ['no layers', 'mobilenet', () => [], /received layers that fit none; /],
  ] as [string, BackboneFamily, () => LayerToWrite[], RegExp][])('refuses %s', async (_, family, layers, message) => {
    const bytes = await h5File((file) => writeCountedLayers(file, layers()));
    const attempt = alphaOfFile(family, { name: 'some.h5', bytes });
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('of a family with one width is that', async () => {
    expect(await alphaOfFile('xception', { name: 'some.h5', bytes: new Uint8Array() })).toBe(1);
  });
});
