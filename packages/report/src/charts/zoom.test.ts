import { expect, it } from 'vitest';
import { leastOf, precisionFloor } from './zoom.ts';

it('reads curves of more points than a call takes arguments', () => {
  const points = Array.from({ length: 200_000 }, (_, index) => ({
    ...{ threshold: 1 - index / 200_000, falsePositiveRate: 0, recall: index / 200_000 },
    precision: 1 - index / 400_000,
  }));
  expect(precisionFloor([{ points, averagePrecision: 0.75 }])).toBe(0.4);
  expect(leastOf(points.map(({ precision }) => precision))).toBeCloseTo(0.5, 5);
});
