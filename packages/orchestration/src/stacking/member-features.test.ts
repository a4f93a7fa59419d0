import { type PlannedViews, rowsOfViews } from '@chorus/training';
import { expect, it } from 'vitest';
import { featuresOfImages } from './member-features.ts';

/** The features 100 × image + feature, and 1 more for each further view, such as mirror images. */
function shared(indices: number[], width: number, views: PlannedViews) {
  const layout = rowsOfViews(views);
  const rows = indices.flatMap((image) =>
    [...Array(layout.rowsPerImage).keys()].flatMap((view) =>
      Array.from({ length: width }, (_, at) => 100 * image + at + view),
    ),
  );
  return { indices: Uint32Array.from(indices), ...layout, rows: Float32Array.from(rows).buffer as never };
}

it.each([
  ['of the image', false, false, [700, 701, 300, 301]],
  ['of the image, not its mirror image', true, false, [700, 701, 300, 301]],
  ['the means of both', true, true, [700.5, 701.5, 300.5, 301.5]],
  ['the means of scales', 'scales', 'scales', [702.5, 703.5, 302.5, 303.5]],
  ['the means of both, of all views', 'auto', true, [700.5, 701.5, 300.5, 301.5]],
  // Views 0 to 5, of which zoom has the first and the third.
  ['the means of zoom, of its views and the mirror image', 'zoom', 'zoom', [701, 702, 301, 302]],
  ['the means of scales, of all views', 'auto', 'scales', [702.5, 703.5, 302.5, 303.5]],
  // Views 0, 1, 3, 4 and 6 to 13.
  ['the means of five crops, of all views', 'auto', 'five-crops', [707, 708, 307, 308]],
] as const)('picks the features %s', (_, views, testTimeAugmentation, expected) => {
  const members = [undefined, shared([1, 3, 7], 2, views)];
  const features = featuresOfImages(members, Uint32Array.of(7, 3), testTimeAugmentation);
  expect([...features.keys()]).toEqual([1]);
  for (const [at, value] of expected.entries()) expect(features.get(1)![at]).toBeCloseTo(value, 3);
  expect(features.get(1)!.buffer).toBeInstanceOf(SharedArrayBuffer);
});

it('does not read the rows of augmented copies, which follow', () => {
  const { rows, ...features } = shared([1, 3, 7], 2, false);
  const withCopies = Float32Array.from([...new Float32Array(rows), ...new Float32Array(2 * 6).fill(Number.NaN)]);
  const cachedCopies = { count: 2, augmentation: { kind: 'none' } as never, seed: 0 };
  const all = featuresOfImages(
    [{ ...features, cachedCopies, rows: withCopies.buffer as never }],
    Uint32Array.of(7),
    false,
  );
  expect([...all.get(0)!]).toEqual([700, 701]);
});
