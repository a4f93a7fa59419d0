import { expect, it } from 'vitest';
import { growthOf } from './growth.ts';

const mebibyte = 2 ** 20;

/** 100 samples, 10 steps apart. */
function samples(residentBytes: (done: number) => number, tensorCount: (done: number) => number = () => 7) {
  return Array.from({ length: 100 }, (_, index) => 300 + 10 * index).map((done) => ({
    done,
    residentBytes: residentBytes(done),
    tensorCount: tensorCount(done),
  }));
}

it.each([1, 60, 200])('memory that oscillates about every %i steps is flat', (period) => {
  const growth = growthOf(samples((done) => 500 * mebibyte + 8 * mebibyte * Math.sin(done / period)));
  expect(growth.isFlat).toBe(true);
});

it('memory that shrinks is flat', () => {
  expect(growthOf(samples((done) => 500 * mebibyte - 4096 * done)).isFlat).toBe(true);
});

it.each([1, 10])('memory that grows by %i × 4 KiB per step is not flat, even if it oscillates', (pages) => {
  const growth = growthOf(samples((done) => 500 * mebibyte + pages * 4096 * done + 0.5 * mebibyte * Math.sin(done)));
  expect(growth.slope / (pages * 4096)).toBeCloseTo(1, 1);
  expect(growth.isFlat).toBe(false);
});

it('one additional tensor is not flat', () => {
  const growth = growthOf(
    samples(
      () => mebibyte,
      (done) => (done > 600 ? 8 : 7),
    ),
  );
  expect(growth).toMatchObject({ tensorCountRange: 1, isFlat: false, total: 0 });
});
