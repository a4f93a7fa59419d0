import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blurWeights, drawBlur } from './blur.ts';
import { drawColors } from './colors.ts';
import { parameterCount } from './columns.ts';
import { epochBetas, epochDraws } from './draws.ts';
import { drawMix } from './mix.ts';
import { drawParameters } from './parameters.ts';
import type { Policy } from './policy.ts';
import { areaOf, drawErased, noRectangle, type Rectangle } from './rectangle.ts';
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
  policy: fc.constantFrom<Policy | null>(null, { kind: 'trivial' }, { kind: 'rand', operations: 3, magnitude: 20 }),
  ...{ blur: share, erase: share, mixup: share, cutmix: share },
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
      const slack = 1e-9;
      for (const name of ['brightness', 'contrast'] as const)
        expect(Math.abs(change[name] - 1)).toBeLessThanOrEqual(one[name] + slack);
      if (change.saturation !== 0) expect(Math.abs(change.saturation - 1)).toBeLessThanOrEqual(one.saturation + slack);
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

it('about the stated share of the images is blurred, by weights that sum to 1', () => {
  const draws = epochDraws(1, 0);
  const sigmas = Array.from({ length: 2000 }, (_, index) => drawBlur({ blur: 0.2 }, draws(index)));
  const blurred = sigmas.filter((sigma) => sigma > 0);
  expect(Math.abs(blurred.length - 400)).toBeLessThan(72);
  for (const sigma of blurred) {
    expect(sigma).toBeGreaterThanOrEqual(0.1);
    expect(sigma).toBeLessThanOrEqual(2);
    expect(blurWeights(sigma).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  }
});

function expectWithin([top, left, bottom, right]: Rectangle, size: number): void {
  expect(top).toBeGreaterThanOrEqual(0);
  expect(left).toBeGreaterThanOrEqual(0);
  expect(bottom).toBeLessThanOrEqual(size);
  expect(right).toBeLessThanOrEqual(size);
  for (const side of [top, left, bottom, right]) expect(Number.isInteger(side)).toBe(true);
}

describe('erased rectangles', () => {
  it('are within the image, with an area and a ratio within the limits', () => {
    fc.assert(
      fc.property(place, image, ({ seed, epochIndex, size }, index) => {
        const rectangle = drawErased({ erase: 1 }, epochDraws(seed, epochIndex)(index), size);
        expectWithin(rectangle, size);
        const [top, left, bottom, right] = rectangle;
        // Sides are whole pixels, and at most those of the image.
        const slack = 2 / size;
        const [height, width] = [(bottom - top) / size, (right - left) / size];
        expect((height + slack) * (width + slack)).toBeGreaterThanOrEqual(0.02);
        expect((height - slack) * (width - slack)).toBeLessThanOrEqual(0.33);
        expect((height - slack) / (width + slack)).toBeLessThanOrEqual(3.3);
        expect((width - slack) / (height + slack)).toBeLessThanOrEqual(1 / 0.3);
      }),
    );
  });

  it('are in about the stated share of the images', () => {
    const draws = epochDraws(1, 0);
    const all = Array.from({ length: 2000 }, (_, index) => drawErased({ erase: 0.2 }, draws(index), 224));
    const count = all.filter((one) => one !== noRectangle).length;
    expect(Math.abs(count - 400)).toBeLessThan(72);
  });
});

describe('mixing', () => {
  it('gives labels the share of the image’s own pixels', () => {
    fc.assert(
      fc.property(settings, place, image, (one, { seed, epochIndex, size }, index) => {
        const beta = (alpha: number) => epochBetas(seed, epochIndex)(index, alpha);
        const { cut, blend, ownShare } = drawMix(one, epochDraws(seed, epochIndex)(index), { beta, size });
        expectWithin(cut, size);
        expect(ownShare).toBeCloseTo(blend * (1 - areaOf(cut) / size ** 2), 9);
        expect(blend).toBeGreaterThanOrEqual(0);
        expect(blend).toBeLessThanOrEqual(1);
        if (one.cutmix === 0) expect(cut).toEqual(noRectangle);
        if (one.mixup === 0) expect(blend).toBe(1);
      }),
    );
  });

  it('with mixup and cutmix on, uses each for about half of the images', () => {
    const both = { ...unchanged, mixup: 1, cutmix: 1 };
    const draws = epochDraws(1, 0);
    const all = Array.from({ length: 2000 }, (_, index) => drawMix(both, draws(index), { beta: () => 0.5, size: 224 }));
    // Four standard deviations.
    expect(Math.abs(all.filter(({ blend }) => blend < 1).length - 1000)).toBeLessThan(90);
  });

  it.each([0.1, 0.2, 0.5, 1])('draws from Beta(α, α): α = %d', (alpha) => {
    const count = 4000;
    const betaOf = epochBetas(1, 0);
    const values = Array.from({ length: count }, (_, index) => betaOf(index, alpha));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / count;
    const expected = 1 / (4 * (2 * alpha + 1));
    // Five standard errors.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(expected / count));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.08);
  });
});
