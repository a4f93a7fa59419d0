import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import golden from '../../../tools/golden/formats.json' with { type: 'json' };
import { decodeImage, decodeImages } from './decode.ts';
import { decodePixels, readHeader, shrunkSize } from './decode-pixels.ts';
import { DataError } from './errors.ts';
import { resizeJpegClaim } from './image-bytes.fixture.ts';
import { photo } from './picture.fixture.ts';
import { createPixelStore } from './pixel-store.ts';
import { shrunkSizeOf } from './shrink-on-load.ts';

const options = { background: 'white', resize: 'pillow', maxPixels: 1e8, timeoutMs: 10_000 } as const;
const shrinking = { ...options, shrinkOnLoad: true } as const;

describe('shrunkSizeOf', () => {
  it.each([
    // Exactly and almost eight times the square.
    [{ width: 4000, height: 1792 }, 224, { scale: 4, width: 800, height: 358 }],
    [{ width: 4000, height: 1791 }, 224, undefined],
    [{ width: 1791, height: 4000 }, 224, undefined],
    [{ width: 4000, height: 3000 }, 224, { scale: 4, width: 800, height: 600 }],
    // Exactly and almost sixteen times the square.
    [{ width: 3584, height: 3600 }, 224, { scale: 8, width: 398, height: 400 }],
    [{ width: 3583, height: 3600 }, 224, { scale: 4, width: 716, height: 720 }],
    [{ width: 16, height: 16 }, 2, { scale: 4, width: 3, height: 3 }],
    // Sharp would take 9 × 9 to 1 × 1 as a request for another scale.
    [{ width: 9, height: 9 }, 1, undefined],
  ])('of %j and a square of %i px', (size, square, expected) => {
    const shrunk = shrunkSizeOf({ ...size, orientation: 1 }, square);
    if (expected === undefined) expect(shrunk).toBeUndefined();
    else expect(shrunk).toMatchObject(expected);
  });

  // 4003 / 4 is 1000 and a rest of 3, 3005 / 4 is 751 and a rest of 1.
  it.each([
    [1, { left: 0, top: 0 }],
    [2, { left: -0.6, top: 0 }],
    [3, { left: -0.6, top: -0.2 }],
    [4, { left: 0, top: -0.2 }],
    [5, { left: 0, top: 0 }],
    [6, { left: -0.2, top: 0 }],
    [7, { left: -0.2, top: -0.6 }],
    [8, { left: 0, top: -0.6 }],
  ])('places the picture for orientation %i', (orientation, { left, top }) => {
    const shrunk = shrunkSizeOf({ width: 4003, height: 3005, orientation }, 224)!;
    const isTransposed = orientation >= 5;
    expect([shrunk.width, shrunk.height]).toEqual(isTransposed ? [601, 800] : [800, 601]);
    expect(shrunk.box.left).toBeCloseTo(left, 3);
    expect(shrunk.box.top).toBeCloseTo(top, 3);
    expect(shrunk.box.width).toBeCloseTo(isTransposed ? 601.2 : 800.6, 3);
    expect(shrunk.box.height).toBeCloseTo(isTransposed ? 800.6 : 601.2, 3);
  });

  it('requests a size for which sharp lets libjpeg scale by this divisor, and which leaves a reduction', () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 1024 }), (width, height, square) => {
        const shrunk = shrunkSizeOf({ width, height, orientation: 1 }, square);
        if (shrunk === undefined) return;
        // sharp 0.35, src/pipeline.cc, with its default `fastShrinkOnLoad`.
        const reduction = Math.min(width / shrunk.width, height / shrunk.height);
        const requested = reduction >= 8 ? 8 : reduction >= 4 ? 4 : 2;
        expect(Math.trunc(reduction) === requested ? requested / 2 : requested).toBe(shrunk.scale);
        expect(Math.min(shrunk.width, shrunk.height)).toBeGreaterThanOrEqual(1.5 * square);
        for (const [covered, length] of [
          [shrunk.box.width, shrunk.width],
          [shrunk.box.height, shrunk.height],
        ] as const) {
          expect(covered).toBeGreaterThanOrEqual(length);
          expect(covered - length).toBeLessThan(1);
        }
      }),
    );
  });
});

let folder: string;
let picture: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-shrink-'));
  picture = await (await photo(1)).raw().toBuffer();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A photograph; by default 717 × 539 px, which leaves a rest in both directions. */
const photograph = (width = 717, height = 539) =>
  sharp(picture, { raw: { width: 720, height: 540, channels: 3 } }).extract({ left: 0, top: 0, width, height });

/** Squares of the sides 64 (libjpeg divides by 4) and 32 (by 8) px, at full size and scaled. */
async function decodeBoth(bytes: Uint8Array): Promise<{ full: Uint8Array; shrunk: Uint8Array }[]> {
  const path = join(folder, 'image.jpg');
  await writeFile(path, bytes);
  return Promise.all(
    [64, 32].map(async (size) => {
      const [[full], [shrunk]] = await Promise.all([
        decodeImage(path, [size], options),
        decodeImage(path, [size], shrinking),
      ]);
      return { full: full!, shrunk: shrunk! };
    }),
  );
}

function meanDifference(one: Uint8Array, other: Uint8Array): number {
  expect(one).toHaveLength(other.length);
  return one.reduce((sum, value, index) => sum + Math.abs(value - other[index]!), 0) / one.length;
}

describe('decoding with shrinkOnLoad', () => {
  // Measured: at most 0.76 and 1.18 of 255; colors of CMYK at most 1.15 and 2.00.
  test.each<[string, () => Promise<Buffer>, number, number]>([
    ['4:2:0', () => photograph().jpeg({ quality: 90 }).toBuffer(), 0.9, 1.3],
    ['4:4:4', () => photograph().jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer(), 0.9, 1.3],
    ['quality 60', () => photograph().jpeg({ quality: 60 }).toBuffer(), 0.9, 1.3],
    ['progressive', () => photograph().jpeg({ quality: 90, progressive: true }).toBuffer(), 0.9, 1.3],
    ['sides that are multiples of 8', () => photograph(704, 528).jpeg().toBuffer(), 0.9, 1.3],
    ['a rest of 7 px', () => photograph(711, 535).jpeg().toBuffer(), 0.9, 1.3],
    ['gray', () => photograph().toColourspace('b-w').jpeg().toBuffer(), 0.9, 1.3],
    ['Display P3', () => photograph().withIccProfile('p3').jpeg().toBuffer(), 0.9, 1.3],
    ['CMYK', () => photograph().toColourspace('cmyk').jpeg().toBuffer(), 1.5, 2.5],
    [
      'CMYK, with a profile',
      () => photograph().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
      1.5,
      2.5,
    ],
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation): [string, () => Promise<Buffer>, number, number] => [
      `orientation ${orientation}`,
      () => photograph(711, 531).withMetadata({ orientation }).jpeg({ quality: 90 }).toBuffer(),
      0.9,
      1.3,
    ]),
    ['orientation 9, which does not exist', () => withOrientation(9), 0.9, 1.3],
    ['without its end marker', async () => (await photograph().jpeg().toBuffer()).subarray(0, -2), 0.9, 1.3],
    [
      'bytes after its end',
      async () => Buffer.concat([await photograph().jpeg().toBuffer(), Buffer.alloc(999, 90)]),
      0.9,
      1.3,
    ],
  ])('is close to decoding at full size: %s', async (_, make, ...limits) => {
    for (const [index, { full, shrunk }] of (await decodeBoth(await make())).entries()) {
      const difference = meanDifference(full, shrunk);
      // Equal pixels would mean that libjpeg did not scale.
      expect(difference).toBeGreaterThan(0.1);
      expect(difference).toBeLessThan(limits[index]!);
    }
  });

  it('covers all pixels up to each edge', async () => {
    // A ramp: a picture that is displaced or stretched has other values everywhere.
    const [width, height] = [1007, 1005];
    const ramp = Uint8Array.from({ length: width * height * 3 }, (_, index) => {
      const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
      return [(255 * x) / width, (255 * y) / height, 128][index % 3]!;
    });
    for (const orientation of [1, 3, 6, 8]) {
      const jpeg = sharp(ramp, { raw: { width, height, channels: 3 } }).withMetadata({ orientation });
      const path = join(folder, 'ramp.jpg');
      await jpeg.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toFile(path);
      for (const size of [100, 50]) {
        const [[full], [shrunk]] = [
          await decodeImage(path, [size], options),
          await decodeImage(path, [size], shrinking),
        ];
        for (const [index, value] of full!.entries()) expect(Math.abs(value - shrunk![index]!)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('derives all squares from the scale for the largest one', async () => {
    const path = join(folder, 'sizes.jpg');
    await photograph().jpeg().toFile(path);
    const [large, small] = await decodeImage(path, [64, 32], shrinking);
    expect(large).toEqual((await decodeImage(path, [64], shrinking))[0]);
    expect(small).not.toEqual((await decodeImage(path, [32], shrinking))[0]);
    // At full size, squares do not depend on each other.
    const [full] = await decodeImage(path, [32], options);
    expect((await decodeImage(path, [68, 32], shrinking))[1]).toEqual(full);
  });

  test.each<[string, () => Sharp, string]>([
    ['a PNG', () => photograph().png(), 'png'],
    ['a WebP', () => photograph().webp(), 'webp'],
    ['a TIFF', () => photograph().tiff({ compression: 'jpeg' }), 'tiff'],
    ['an AVIF', () => photograph().avif(), 'avif'],
    ['a JPEG with a side shorter than eight squares', () => photograph(717, 511).jpeg(), 'jpeg'],
  ])('leaves every bit of %s as it is', async (_, image) => {
    const [both] = await decodeBoth(await image().toBuffer());
    expect(both!.shrunk).toEqual(both!.full);
  });

  it('reports the size of the file, upright', async () => {
    const path = join(folder, 'turned.jpg');
    for (const [orientation, expected] of [
      [1, { width: 717, height: 539 }],
      [6, { width: 539, height: 717 }],
    ] as const) {
      await photograph().withMetadata({ orientation }).jpeg().toFile(path);
      const { info, sha256 } = await decodeImages([{ path }], [createPixelStore(1, 64)], shrinking);
      const full = await decodeImages([{ path }], [createPixelStore(1, 64)], options);
      expect(info).toEqual([{ format: 'jpeg', ...expected }]);
      expect({ info, sha256 }).toEqual({ info: full.info, sha256: full.sha256 });
    }
  });

  it.each(golden.cases.filter(({ format }) => format === 'JPEG'))('keeps the colors of $name', async (one) => {
    const bytes = inflateSync(Buffer.from(one.file, 'base64'));
    const outcome = async (square: number | undefined) => {
      const header = await readHeader(bytes, 1e8);
      const shrunk = square === undefined ? undefined : shrunkSize(header, square);
      const pixels = await decodePixels(header, { background: 'white', timeoutMs: 60_000, shrunk });
      expect(pixels.width).toBe(shrunk?.width ?? one.width);
      return [0, 1, 2].map((channel) => meanOf(pixels.data.filter((_, index) => index % 3 === channel)));
    };
    if (one.pixels === undefined) {
      await expect(outcome(2)).rejects.toThrow();
      return;
    }
    const full = await outcome(undefined);
    // Drawn pictures of 24 × 16 px: the last columns are a large share of them.
    for (const [channel, mean] of (await outcome(2)).entries()) expect(Math.abs(mean - full[channel]!)).toBeLessThan(3);
  });

  it('skips images that exceed the limits, with the same reasons as at full size', async () => {
    const path = join(folder, 'large.jpg');
    const jpeg = await photograph(720, 540).jpeg().toBuffer();
    await writeFile(path, jpeg);
    await expect(decodeImage(path, [64], { ...shrinking, maxPixels: 720 * 540 - 1 })).rejects.toThrow(
      'too large: its header declares 720 × 540 pixels, expected at most 388799',
    );
    await expect(decodeImage(path, [64], { ...shrinking, maxPixels: 720 * 540 })).resolves.toHaveLength(1);
    await writeFile(path, resizeJpegClaim(jpeg, 20_000, 20_000));
    await expect(decodeImage(path, [64], shrinking)).rejects.toThrow(
      'too large: its header declares 20000 × 20000 pixels',
    );
    await photograph().resize(5000, 4000, { fit: 'fill' }).jpeg({ progressive: true }).toFile(path);
    await expect(decodeImage(path, [64], { ...shrinking, timeoutMs: 1 })).rejects.toThrow(
      'took longer than 1 ms to decode',
    );
  });

  it.each(['opencv', 'antialiased'] as const)('is refused with resize %s', async (resize) => {
    const path = join(folder, 'refused.jpg');
    const decoding = decodeImage(path, [64], { ...shrinking, resize });
    await expect(decoding).rejects.toThrow(DataError);
    await expect(decoding).rejects.toThrow(`Expected resize "pillow" with shrinkOnLoad, received "${resize}".`);
  });
});

/** With an orientation that sharp refuses to write. */
async function withOrientation(orientation: number): Promise<Buffer> {
  const jpeg = await photograph().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  // The entry of tag 0x112, of the type SHORT, in the byte order of the file.
  const entries = [
    Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]),
    Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0]),
  ];
  const [big, little] = entries.map((entry) => jpeg.indexOf(entry));
  const at = big! >= 0 ? big! + 9 : little! + 8;
  expect(jpeg[at]).toBe(6);
  jpeg[at] = orientation;
  return jpeg;
}

function meanOf(values: Uint8Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
