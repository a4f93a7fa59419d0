import { expect, it } from 'vitest';
import { ticks } from './ticks.ts';

it.each([
  [0, 1, 4, [0, 0.5, 1]],
  [0.62, 0.98, 4, [0.7, 0.8, 0.9]],
  [0, 3, 3, [0, 1, 2, 3]],
  [0, 0.3, 3, [0, 0.1, 0.2, 0.3]],
  [0, 1234, 4, [0, 500, 1000]],
  [5, 5, 4, [5]],
])('divides %d … %d into about %d parts', (from, to, count, expected) => {
  expect(ticks(from, to, count)).toEqual(expected);
});
