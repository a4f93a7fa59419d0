import { expect, it } from 'vitest';
import { randomImages } from './images.ts';

it('draws the same images as contestants/images.py', () => {
  // python -c 'from images import random_images as r; print(r(1, 1, 2).ravel().tolist(), int(r(7, 2, 32).sum()))'
  expect([...randomImages(1, 1, 2)]).toEqual([187, 13, 133, 47, 106, 86, 69, 173, 113, 34, 190, 200]);
  expect(randomImages(7, 2, 32).reduce((sum, value) => sum + value, 0)).toBe(779772);
});
