import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pickRows, placeRows } from './rows.ts';

it('picks rows in the given order', () => {
  expect(pickRows(Float32Array.of(0, 1, 10, 11, 20, 21), [2, 0, 2], 2)).toEqual(Float32Array.of(20, 21, 0, 1, 20, 21));
});

it('places the rows of all parts where they were', () => {
  const sizes = fc.record({ width: fc.integer({ min: 1, max: 4 }), parts: fc.array(fc.nat(2), { maxLength: 20 }) });
  fc.assert(
    fc.property(sizes, ({ width, parts }) => {
      const matrix = Float32Array.from({ length: parts.length * width }, (_, index) => index + 1);
      const placed = new Float32Array(matrix.length);
      for (const part of [2, 0, 1]) {
        const rows = [...parts.keys()].filter((row) => parts[row] === part).reverse();
        placeRows(placed, rows, pickRows(matrix, rows, width), width);
      }
      expect(placed).toEqual(matrix);
    }),
  );
});
