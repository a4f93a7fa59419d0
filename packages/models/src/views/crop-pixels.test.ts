import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillView, interpolation, interpolationMatrix, interpolationsOf } from './crop-pixels.ts';
import { unionOfViews, type View, viewsOf } from './views.ts';

const views = unionOfViews([true, 'scales', 'five-crops']);
const anyView = fc.constantFrom(...views);
const anySize = fc.integer({ min: 1, max: 40 });

function viewOf(pixels: Uint8Array, size: number, view: View): Float32Array {
  const out = new Float32Array(pixels.length);
  fillView(pixels, size, view, out);
  return out;
}

/** [size, size, 3]: columns in the first channel, rows in the second. */
function ramps(size: number): Uint8Array {
  return Uint8Array.from({ length: 3 * size * size }, (_, index) => {
    const [row, column, channel] = [Math.floor(index / (3 * size)), Math.floor(index / 3) % size, index % 3];
    return [column, row, 7][channel]!;
  });
}

describe('a view', () => {
  it('of the whole image is the image, or its mirror image', () => {
    const [image, mirrored] = viewsOf(true).map((view) => viewOf(ramps(5), 5, view));
    expect([...image!]).toEqual([...ramps(5)]);
    expect([...mirrored!.subarray(0, 15)].filter((_, index) => index % 3 === 0)).toEqual([4, 3, 2, 1, 0]);
  });

  it('has half-pixel centers: the left part of a ramp', () => {
    const columns = [...viewOf(ramps(8), 8, { crop: { left: 0, top: 0, side: 7 }, mirror: false }).subarray(0, 24)];
    // The first one would be at -1/16, beyond the image.
    expect(columns.filter((_, index) => index % 3 === 0)).toEqual([0, 13, 27, 41, 55, 69, 83, 97].map((n) => n / 16));
  });

  it('shows the positions of its part, whatever the size', () => {
    fc.assert(
      fc.property(anySize, anyView, (size, view) => {
        const out = viewOf(ramps(size), size, view);
        const { left, top, side } = view.crop ?? { left: 0, top: 0, side: 8 };
        const positionOf = (start: number, pixel: number) =>
          Math.min(Math.max((start * size) / 8 + ((pixel + 0.5) * side) / 8 - 0.5, 0), size - 1);
        for (let row = 0; row < size; row += 1)
          for (let column = 0; column < size; column += 1) {
            const source = view.mirror ? size - 1 - column : column;
            const expected = [positionOf(left, source), positionOf(top, row), 7];
            expect([...out.subarray(3 * (row * size + column), 3 * (row * size + column) + 3)]).toEqual(expected);
          }
      }),
      { numRuns: 50 },
    );
  });

  it('is the product with the matrices of exports, to the last bit and in float32', () => {
    fc.assert(
      fc.property(anySize, anyView, fc.nat(), (size, view, seed) => {
        const pixels = Uint8Array.from({ length: 3 * size * size }, (_, index) => ((index + 1) * (seed + 37)) % 256);
        const { columns, rows } = interpolationsOf(view, size);
        const [wide, high] = [interpolationMatrix(columns), interpolationMatrix(rows)];
        const expected = Float32Array.from(pixels, (_, index) => {
          const [row, column, channel] = [Math.floor(index / (3 * size)), Math.floor(index / 3) % size, index % 3];
          let sum = 0;
          for (let y = 0; y < size; y += 1)
            for (let x = 0; x < size; x += 1)
              sum = Math.fround(
                sum + Math.fround(pixels[3 * (y * size + x) + channel]! * wide[x]![column]! * high[y]![row]!),
              );
          return sum;
        });
        expect(viewOf(pixels, size, view)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

it('shares are multiples of 1/16, so that sums of products with bytes have at most 16 bits', () => {
  fc.assert(
    fc.property(anySize, anyView, fc.boolean(), (size, { crop }, mirror) => {
      const { shares } = interpolation(size, { start: crop?.left ?? 0, length: crop?.side ?? 8, mirror });
      expect(shares.every((share) => Number.isInteger(16 * share) && share < 1)).toBe(true);
    }),
  );
});
