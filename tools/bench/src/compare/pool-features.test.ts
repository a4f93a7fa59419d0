import { expect, test } from 'vitest';
import { meanFeatures, selectFeatures } from './pool-features.ts';

// Two images, each with its mirror image, and two features.
const features = { member: 'a', width: 2, rows: Float32Array.of(1, 2, 3, 4, 5, 6, 9, 10) };

test('averages an image and its mirror image, or takes the image alone', () => {
  expect([...meanFeatures(features, true)]).toEqual([2, 3, 7, 8]);
  expect([...meanFeatures(features, false)]).toEqual([1, 2, 5, 6]);
});

test('refuses views that were not computed', () => {
  expect(() => meanFeatures(features, 'zoom')).toThrow('received zoom');
});

test('selects images, in the order asked for', () => {
  expect(selectFeatures(features, [1, 0])).toEqual({ ...features, rows: Float32Array.of(5, 6, 9, 10, 1, 2, 3, 4) });
  expect(selectFeatures(features, []).rows).toHaveLength(0);
});
