import { expect, it } from 'vitest';
import { heatPlace } from './heat-place.ts';

/** A map of 7 × 7 that is hot in some cells. */
const hot = (...cells: readonly [number, number][]) =>
  Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: 7 }, (_, x) => Number(cells.some((cell) => cell[0] === y && cell[1] === x))),
  );
const all = Array.from({ length: 7 }, (_, index) => index);

it.each([
  ['upper left', hot([0, 1], [1, 1], [1, 0])],
  ['upper right', hot([0, 6])],
  ['lower center', hot([6, 3], [5, 2])],
  ['middle left', hot([3, 0])],
  ['center', hot([3, 3])],
  ['center', [[1]]],
  ['top', hot([0, 0], [0, 3], [0, 6])],
  ['left', hot([0, 0], [3, 0], [6, 0])],
  ['middle from left to right', hot(...all.map((x): [number, number] => [3, x]))],
  ['center from top to bottom', hot(...all.map((y): [number, number] => [y, 3]))],
  ['everywhere', hot(...all.flatMap((y) => all.map((x): [number, number] => [y, x])))],
  [
    'everywhere',
    [
      [1, 1],
      [1, 1],
    ],
  ],
  [undefined, hot()],
] as const)('is %s', (place, map) => {
  expect(heatPlace(map)).toBe(place);
});

it('counts strong evidence more than weak evidence', () => {
  expect(
    heatPlace([
      [1, 0.1, 0.1],
      [0.1, 0.1, 0.1],
      [0.1, 0.1, 0.1],
    ]),
  ).toBe('upper left');
});
