import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { h5File, type LayerToWrite, layersOf, writeCountedLayers, writeLayers } from './h5.fixture.ts';
import { variantOfFile } from './variant-of-file.ts';

beforeAll(() => tf.setBackend('cpu'));

function layersAt(family: BackboneFamily, variant: string): LayerToWrite[] {
  const backbone = { family, variant, inputSize: backboneTable[family].minimumInputSize };
  const classifier = new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
  const layers = layersOf(classifier);
  classifier.dispose();
  return layers;
}

describe('variantOfFile', () => {
  it.each([
    ['mobilenet', '0.25'],
    ['mobilenet-v2', '0.35'],
    ['mobilenet-v2', '0.5'],
  ] as [BackboneFamily, string][])('%s %s: finds it in both layouts and leaks no tensor', async (family, variant) => {
    const layers = layersAt(family, variant);
    const tensors = tf.memory().numTensors;
    for (const write of [writeLayers, writeCountedLayers]) {
      const bytes = await h5File((file) => write(file, layers));
      expect(await variantOfFile(family, { name: 'some.h5', bytes })).toBe(variant);
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each([
    [
      'another family',
      'mobilenet-v2',
      () => layersAt('mobilenet', '0.25'),
      /expected weights of mobilenet-v2, received those of mobilenet 0\.25/,
    ],
    [
      'half a file of the only variant with its features',
      'mobilenet',
      () => layersAt('mobilenet', '0.25').slice(9),
      /^some\.h5: expected layer conv1 at position 1 of 54, received \/layers\/conv2d \(\w+\); the file must contain /,
    ],
    [
      'half a file of one of several variants',
      'mobilenet-v2',
      () => layersAt('mobilenet-v2', '0.35').slice(9),
      /Choose a variant to see which layer does not fit it\.$/,
    ],
    ['no layers', 'mobilenet', () => [], /the layers fit no variant of mobilenet /],
  ] as [string, BackboneFamily, () => LayerToWrite[], RegExp][])('refuses %s', async (_, family, layers, message) => {
    const bytes = await h5File((file) => writeCountedLayers(file, layers()));
    const attempt = variantOfFile(family, { name: 'some.h5', bytes });
    await expect(attempt).rejects.toThrow(ModelError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('returns the only variant of a family without reading the file', async () => {
    expect(await variantOfFile('xception', { name: 'some.h5', bytes: new Uint8Array() })).toBe('1');
  });
});
