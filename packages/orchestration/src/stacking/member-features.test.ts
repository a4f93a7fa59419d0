import { expect, it } from 'vitest';
import { featuresOfImages } from './member-features.ts';

/** The features 100 × image + feature, and 1 more for mirror images. */
function shared(indices: number[], width: number, rowsPerImage: 1 | 2) {
  const rows = indices.flatMap((image) =>
    [0, 1]
      .slice(0, rowsPerImage)
      .flatMap((mirrored) => Array.from({ length: width }, (_, at) => 100 * image + at + mirrored)),
  );
  return { indices: Uint32Array.from(indices), rowsPerImage, rows: Float32Array.from(rows).buffer as never };
}

it.each([
  ['of the image', 1, false, [700, 701, 300, 301]],
  ['of the image, not its mirror image', 2, false, [700, 701, 300, 301]],
  ['the means of both', 2, true, [700.5, 701.5, 300.5, 301.5]],
] as const)('picks the features %s', (_, rowsPerImage, testTimeAugmentation, expected) => {
  const members = [undefined, shared([1, 3, 7], 2, rowsPerImage)];
  const features = featuresOfImages(members, Uint32Array.of(7, 3), testTimeAugmentation);
  expect([...features.keys()]).toEqual([1]);
  expect([...features.get(1)!]).toEqual(expected);
  expect(features.get(1)!.buffer).toBeInstanceOf(SharedArrayBuffer);
});

it('does not read the rows of augmented copies, which follow', () => {
  const { rows, ...features } = shared([1, 3, 7], 2, 1);
  const withCopies = Float32Array.from([...new Float32Array(rows), ...new Float32Array(2 * 6).fill(Number.NaN)]);
  const cachedCopies = { count: 2, augmentation: { kind: 'none' } as never, seed: 0 };
  const all = featuresOfImages(
    [{ ...features, cachedCopies, rows: withCopies.buffer as never }],
    Uint32Array.of(7),
    false,
  );
  expect([...all.get(0)!]).toEqual([700, 701]);
});
