import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawColors } from './colors.ts';
import { epochDraws } from './draws.ts';
import { drawParameters, parameterCount } from './parameters.ts';
import { type AugmentationSettings, unchanged } from './settings.ts';
import { drawView, transformOf } from './view.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const settings: fc.Arbitrary<AugmentationSettings> = fc.record({
  flip: fc.boolean(),
  cropArea: fc.double({ min: 0.01, max: 1, noNaN: true }),
  cropRatio: fc.double({ min: 1, max: 4, noNaN: true }),
  rotation: fc.double({ min: 0, max: 180, noNaN: true }),
  shear: fc.double({ min: 0, max: 60, noNaN: true }),
  ...{ brightness: share, contrast: share, saturation: share, gray: share },
  hue: fc.double({ min: 0, max: 180, noNaN: true }),
});
const place = fc.record({
  seed: fc.nat(2 ** 32 - 1),
  epochIndex: fc.nat(10_000),
  size: fc.integer({ min: 32, max: 1024 }),
});
const image = fc.nat(1_000_000);

describe('drawParameters', () => {
  it('draws the same for an image in every batch', () => {
    fc.assert(
      fc.property(
        settings,
        place,
        fc.uniqueArray(image, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        (one, at, list, n) => {
          const rows = drawParameters(one, Uint32Array.from(list), at);
          const position = n % list.length;
          const alone = drawParameters(one, Uint32Array.of(list[position]!), at);
          expect(rows).toHaveLength(list.length * parameterCount);
          expect(rows.subarray(position * parameterCount, (position + 1) * parameterCount)).toEqual(alone);
        },
      ),
    );
  });

  it('draws other parameters for another seed, epoch or image', () => {
    const some = { ...unchanged, cropArea: 0.5, rotation: 20, brightness: 0.3 };
    const draw = (seed: number, epochIndex: number, index: number) =>
      drawParameters(some, Uint32Array.of(index), { seed, epochIndex, size: 64 }).join();
    const all = [draw(1, 0, 0), draw(2, 0, 0), draw(1, 1, 0), draw(1, 0, 1), draw(2, 1, 1)];
    expect(new Set(all).size).toBe(all.length);
  });

  it('draws finite numbers', () => {
    fc.assert(
      fc.property(settings, place, image, (one, at, index) => {
        expect([...drawParameters(one, Uint32Array.of(index), at)].every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

it('what an image draws for one setting does not depend on the other settings', () => {
  const draws = epochDraws(5, 3)(17);
  const few = drawView({ ...unchanged, rotation: 20 }, draws);
  const many = drawView({ ...unchanged, rotation: 20, cropArea: 0.3, shear: 10 }, draws);
  expect(many.rotation).toBe(few.rotation);
});

describe('views', () => {
  it('are crops within the image, of an area and ratio within the limits, turned by at most the largest angles', () => {
    fc.assert(
      fc.property(settings, place, image, (one, { seed, epochIndex }, index) => {
        const { crop, rotation, shear } = drawView(one, epochDraws(seed, epochIndex)(index));
        const slack = 1e-9;
        for (const [start, length] of [
          [crop.left, crop.width],
          [crop.top, crop.height],
        ] as const) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start + length).toBeLessThanOrEqual(1 + slack);
        }
        expect(crop.width * crop.height).toBeGreaterThanOrEqual(one.cropArea - slack);
        expect(Math.abs(Math.log(crop.width / crop.height))).toBeLessThanOrEqual(Math.log(one.cropRatio) + slack);
        expect(Math.abs(rotation)).toBeLessThanOrEqual(one.rotation);
        expect(Math.abs(shear)).toBeLessThanOrEqual(one.shear);
      }),
    );
  });

  it('map the corners of the output to those of the crop, where nothing is turned', () => {
    const crop = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };
    const [a, b, x, c, d, y] = transformOf({ crop, rotation: 0, shear: 0 }, 8) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const at = (column: number, row: number) => [a * column + b * row + x, c * column + d * row + y];
    // Pixel centers are at integer coordinates, so the corner is at −0.5.
    expect(at(-0.5, -0.5)).toEqual([1.5, 3.5]);
    expect(at(7.5, 7.5)).toEqual([5.5, 5.5]);
  });
});

it('colors change by factors and angles within the limits', () => {
  fc.assert(
    fc.property(settings, place, image, (one, { seed, epochIndex }, index) => {
      const change = drawColors(one, epochDraws(seed, epochIndex)(index));
      for (const name of ['brightness', 'contrast'] as const)
        expect(Math.abs(change[name] - 1)).toBeLessThanOrEqual(one[name]);
      if (change.saturation !== 0) expect(Math.abs(change.saturation - 1)).toBeLessThanOrEqual(one.saturation);
      expect(Math.abs(change.hue)).toBeLessThanOrEqual(one.hue);
    }),
  );
});

it('about the stated share of the images becomes gray', () => {
  const draws = epochDraws(1, 0);
  const gray = Array.from({ length: 2000 }, (_, index) => drawColors({ ...unchanged, gray: 0.2 }, draws(index)));
  const count = gray.filter(({ saturation }) => saturation === 0).length;
  // Four standard deviations.
  expect(Math.abs(count - 400)).toBeLessThan(72);
});
