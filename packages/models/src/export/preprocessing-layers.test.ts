import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { type PixelTransform, preprocessings, transformPixels } from '../preprocessing.ts';
import { imageOf } from './plain-member.ts';
import { preprocessingLayers } from './preprocessing-layers.ts';

beforeAll(() => tf.setBackend('cpu'));

const size = 4;

/** The largest difference between training and exported layers, relative to the largest output. */
function difference(transform: PixelTransform): number {
  const input = imageOf(size);
  const model = tf.model({ inputs: input, outputs: preprocessingLayers(input, transform, 'preprocessed') });
  const found = tf.tidy(() => {
    const images = tf.randomUniform<tf.Rank.R4>([2, size, size, 3], 0, 256, 'int32', 1);
    const expected = transformPixels(transform, images);
    const exported = images.toFloat();
    const output = model.layers.length === 1 ? exported : (model.predict(exported) as tf.Tensor);
    return tf.div(tf.max(tf.abs(tf.sub(expected, output))), tf.max(tf.abs(expected))).dataSync()[0]!;
  });
  for (const weight of model.weights) weight.dispose();
  return found;
}

it.each(Object.values(preprocessings))('$name as layers computes what training does', (preprocessing) => {
  expect(difference(preprocessing)).toBeLessThan(1e-6);
});

it('so does any other transform, with one number or one per channel', () => {
  const positive = fc.constantFrom(1, 0.5, 58.4, 127.5, 255);
  const any = fc.constantFrom(0, 1, -2.1, 0.485, 103.939);
  const perChannel = (one: fc.Arbitrary<number>) => fc.oneof(one, fc.tuple(one, one, one));
  const transforms: fc.Arbitrary<PixelTransform> = fc.record({
    channelOrder: fc.constantFrom('rgb', 'bgr'),
    divisor: perChannel(positive),
    offset: perChannel(any),
  });
  fc.assert(fc.property(transforms, (transform) => void expect(difference(transform)).toBeLessThan(1e-5)));
});
