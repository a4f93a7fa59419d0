import { expect, it } from 'vitest';
import { type GridMap, resizeMap, sumOfMaps, toHeatMap } from './heat-map.ts';

function map(height: number, width: number, values: readonly number[]): GridMap {
  return { height, width, values: Float32Array.from(values) };
}

it('interpolates between the centers of cells', () => {
  expect(Array.from(resizeMap(map(1, 2, [0, 1]), 1, 4))).toEqual([0, 0.25, 0.75, 1]);
  expect(Array.from(resizeMap(map(2, 2, [0, 0, 1, 1]), 4, 2))).toEqual([0, 0, 0.25, 0.25, 0.75, 0.75, 1, 1]);
  expect(Array.from(resizeMap(map(1, 1, [3]), 2, 2))).toEqual([3, 3, 3, 3]);
});

it('adds up what maps of different sizes contribute', () => {
  // Contributions of 8 in the left half, and of 2 everywhere.
  const sum = sumOfMaps([map(2, 2, [4, 0, 4, 0]), map(1, 1, [2])]);
  expect(sum).toEqual(map(2, 2, [18, 2, 18, 2]));
});

it('keeps positive evidence, up to 1', () => {
  expect(toHeatMap(map(1, 4, [-4, 0, 1, 2]))).toEqual(map(1, 4, [0, 0, 0.5, 1]));
});

it('turns a map without positive evidence into zeros', () => {
  expect(toHeatMap(map(1, 3, [-4, -1, 0]))).toEqual(map(1, 3, [0, 0, 0]));
});
