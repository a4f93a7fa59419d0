import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brightnessOf, contentDifference, isSameFlat, isSamePicture, levelDifference } from './picture-difference.ts';
import type { Thumbnail } from './picture-hash.ts';

/** Waves that can be sampled at any position, so that shifts need no resampling. */
function waves(moved: { x?: number; y?: number; zoom?: number; level?: number } = {}, size = 64): Thumbnail {
  const { x = 0, y = 0, zoom = 1, level = 0 } = moved;
  const pixels = new Uint8Array(size * size * 3);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1) {
      const px = (((column + 0.5) / size - 0.5) * zoom + 0.5 - x) * 40;
      const py = (((row + 0.5) / size - 0.5) * zoom + 0.5 - y) * 40;
      const value = 128 + 50 * Math.sin(px * 0.6 + 1) + 40 * Math.sin(py * 0.45 + px * 0.1) + level;
      pixels.fill(Math.round(value), (row * size + column) * 3, (row * size + column) * 3 + 3);
    }
  return { size, pixels };
}

describe('contentDifference', () => {
  it('measures the shift of the content as a fraction of the side', () => {
    const shares = fc.double({ min: -0.01, max: 0.01, noNaN: true });
    fc.assert(
      fc.property(shares, shares, (x, y) => {
        const [left, right] = [brightnessOf(waves()), brightnessOf(waves({ x, y }))];
        const { shift, distortion } = contentDifference(left, right, 64, 0);
        expect(shift).toBeCloseTo(Math.hypot(x, y), 2.8);
        expect(distortion).toBeLessThan(0.003);
      }),
    );
  });

  it('measures a zoom at the border', () => {
    const { shift, distortion } = contentDifference(brightnessOf(waves()), brightnessOf(waves({ zoom: 0.98 })), 64, 0);
    expect(shift).toBeLessThan(0.002);
    // One percent of the side along each axis.
    expect(distortion).toBeGreaterThan(0.012);
    expect(distortion).toBeLessThan(0.016);
  });
});

describe('levelDifference', () => {
  it('measures the mean, the correlation and the color', () => {
    const [a, b] = [waves(), waves({ level: 5 })];
    const { exposure, correlation, color } = levelDifference(a, b, brightnessOf(a), brightnessOf(b));
    expect(exposure).toBeCloseTo(-5, 6);
    expect(correlation).toBeCloseTo(1, 6);
    expect(color).toBeCloseTo(0, 6);
  });
});

describe('isSamePicture', () => {
  it.each<[string, Thumbnail, boolean]>([
    ['itself', waves(), true],
    ['moved by 0.1 %', waves({ x: 0.001 }), true],
    ['moved by 0.8 %', waves({ y: 0.008 }), false],
    ['zoomed by 3 %', waves({ zoom: 0.97 }), false],
    ['brighter by 1 level', waves({ level: 1 }), true],
    ['brighter by 4 levels', waves({ level: 4 }), false],
  ])('for a picture %s', (_, other, expected) => {
    expect(isSamePicture(waves(), other)).toBe(expected);
    expect(isSamePicture(other, waves())).toBe(expected);
  });

  it('rejects thumbnails of different sizes', () => {
    expect(() => isSamePicture(waves(), waves({}, 32))).toThrow('expected thumbnails of one size, received 64 and 32');
  });
});

describe('isSameFlat', () => {
  const plain = (level: number, spot = level) => {
    const pixels = new Uint8Array(32 * 32 * 3).fill(level);
    pixels[500] = spot;
    return { size: 32, pixels };
  };
  it.each([
    [plain(200), plain(201), true],
    [plain(200), plain(202), false],
    [plain(200), plain(200, 220), false],
  ])('allows one level of difference but no spot', (a, b, expected) => expect(isSameFlat(a, b)).toBe(expected));
});
