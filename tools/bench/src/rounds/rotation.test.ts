import { expect, it } from 'vitest';
import { rotated } from './rotation.ts';

it('starts each round with another contestant', () => {
  expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
});

it('handles one contestant and none', () => {
  expect(rotated(['a'], 4)).toEqual(['a']);
  expect(rotated([], 4)).toEqual([]);
});
