import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { decodeImage } from './decode.ts';
import { adobeRgbPng, floatTiff } from './image-bytes.fixture.ts';

type Color = readonly [number, number, number];

const side = 64;
/** The content of all test files: one color in each quarter, within the gamut of CMYK and P3 files. */
const quarters: readonly Color[] = [
  [200, 110, 60],
  [70, 120, 80],
  [225, 215, 205],
  [90, 80, 120],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-pixels-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Decodes bytes at full size. */
async function decode(bytes: Buffer, background = 'white', size = side): Promise<Uint8Array> {
  const path = join(folder, 'image.jpg');
  await writeFile(path, bytes);
  return (
    await decodeImage(path, [size], { background, resize: 'antialiased', maxPixels: 1e8, timeoutMs: 10_000 })
  )[0]!;
}

function picture(colorAt: (quarter: number) => readonly number[], width = side, height = side): Sharp {
  const pixels = Array.from({ length: width * height }, (_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    return colorAt((x < width / 2 ? 0 : 1) + (y < height / 2 ? 0 : 2));
  });
  const channels = colorAt(0).length as 1 | 2 | 3 | 4;
  return sharp(Uint8Array.from(pixels.flat()), { raw: { width, height, channels } });
}

const rgb = () => picture((quarter) => quarters[quarter]!);
/** Every pixel is half transparent. */
const rgba = () => picture((quarter) => [...quarters[quarter]!, 128]);
const gray = () => picture((quarter) => [quarters[quarter]![0]]).toColourspace('b-w');
const grayAlpha = () => picture((quarter) => [quarters[quarter]![0], 128]).toColourspace('b-w');

const grays = quarters.map(([red]): Color => [red, red, red]);
/** Porter and Duff's "over" operator, with alpha 128 of 255. */
const over = (colors: readonly Color[], background: Color) =>
  colors.map((color) => color.map((value, channel) => (value * 128 + background[channel]! * 127) / 255));

/** The center of each quarter, away from codec artifacts at edges. */
function expectQuarters(pixels: Uint8Array, expected: readonly (readonly number[])[], tolerance = 3): void {
  expect(pixels).toHaveLength(side * side * 3);
  for (const [quarter, color] of expected.entries()) {
    const [x, y] = [side / 4 + (quarter % 2) * (side / 2), side / 4 + Math.floor(quarter / 2) * (side / 2)];
    const seen = [...pixels.subarray((y * side + x) * 3, (y * side + x) * 3 + 3)];
    const distance = Math.max(...seen.map((value, channel) => Math.abs(value - color[channel]!)));
    expect(distance, `quarter ${quarter}: expected ${color}, received ${seen}`).toBeLessThanOrEqual(tolerance);
  }
}

describe('every kind of image decodes to the right RGB', () => {
  const fine = { quality: 100, chromaSubsampling: '4:4:4' };

  test.each<[string, () => Sharp]>([
    ['JPEG', () => rgb().jpeg(fine)],
    ['progressive JPEG', () => rgb().jpeg({ ...fine, progressive: true })],
    ['PNG', () => rgb().png()],
    ['interlaced PNG', () => rgb().png({ progressive: true })],
    ['palette PNG', () => rgb().png({ palette: true })],
    ['16-bit PNG', () => rgb().toColourspace('rgb16').png()],
    ['WebP', () => rgb().webp({ quality: 100 })],
    ['lossless WebP', () => rgb().webp({ lossless: true })],
    ['GIF', () => rgb().gif()],
    ['AVIF', () => rgb().avif({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['TIFF', () => rgb().tiff({ compression: 'none' })],
    ['tiled TIFF with LZW', () => rgb().tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 })],
    ['JPEG in Display P3', () => rgb().withIccProfile('p3').jpeg(fine)],
    ['PNG in Display P3', () => rgb().withIccProfile('p3').png()],
    ['16-bit PNG in Display P3', () => rgb().toColourspace('rgb16').withIccProfile('p3').png()],
    ['16-bit PNG in sRGB with its profile', () => rgb().toColourspace('rgb16').withIccProfile('srgb').png()],
    ['WebP in Display P3', () => rgb().withIccProfile('p3').webp({ lossless: true })],
    ['TIFF in Display P3', () => rgb().withIccProfile('p3').tiff({ compression: 'none' })],
    ['AVIF in Display P3', () => rgb().withIccProfile('p3').avif({ quality: 95, chromaSubsampling: '4:4:4' })],
  ])('color: %s', async (_, image) => {
    expectQuarters(await decode(await image().toBuffer()), quarters);
  });

  test.each<[string, () => Sharp]>([
    ['JPEG', () => gray().jpeg(fine)],
    ['PNG', () => gray().png()],
    ['16-bit PNG', () => gray().toColourspace('grey16').png()],
    ['TIFF', () => gray().tiff({ compression: 'none' })],
  ])('gray: %s', async (_, image) => {
    const bytes = await image().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    expectQuarters(await decode(bytes), grays);
  });

  test.each<[string, () => Sharp, readonly Color[]]>([
    ['PNG', () => rgba().png(), quarters],
    ['16-bit PNG', () => rgba().toColourspace('rgb16').png(), quarters],
    ['16-bit PNG in Display P3', () => rgba().toColourspace('rgb16').withIccProfile('p3').png(), quarters],
    ['palette PNG', () => rgba().png({ palette: true }), quarters],
    ['WebP', () => rgba().webp({ lossless: true }), quarters],
    ['AVIF', () => rgba().avif({ quality: 95, chromaSubsampling: '4:4:4' }), quarters],
    ['TIFF', () => rgba().tiff({ compression: 'none' }), quarters],
    ['gray PNG', () => grayAlpha().png(), grays],
    ['gray 16-bit PNG', () => grayAlpha().toColourspace('grey16').png(), grays],
  ])('alpha, on white and on a strong color: %s', async (_, image, colors) => {
    const bytes = await image().toBuffer();
    expect((await sharp(bytes).metadata()).hasAlpha).toBe(true);
    expectQuarters(await decode(bytes, 'white'), over(colors, [255, 255, 255]));
    expectQuarters(await decode(bytes, '#ff2000'), over(colors, [255, 32, 0]));
  });

  it('a transparent pixel of a GIF', async () => {
    const cut = picture((quarter) => [...quarters[quarter]!, quarter === 1 ? 0 : 255]).gif();
    const expected = quarters.with(1, [0, 0, 255]);
    expectQuarters(await decode(await cut.toBuffer(), 'blue'), expected);
  });

  it('colors of transparent pixels do not bleed over an edge when the image is reduced', async () => {
    // Opaque black on the left, transparent green on the right.
    const bytes = await picture((quarter) => (quarter % 2 === 0 ? [0, 0, 0, 255] : [0, 255, 0, 0]), 63, 63)
      .png()
      .toBuffer();
    const pixels = await decode(bytes, 'white', 8);
    for (let index = 0; index < pixels.length; index += 3) {
      expect(pixels[index + 1]).toBe(pixels[index]);
      expect(pixels[index + 2]).toBe(pixels[index]);
    }
    // The weight of white in a triangle filter of 2 × 63 / 8 pixels, as bytes; blending in linear light would be lighter.
    const half = 63 / 8;
    const expected = Array.from({ length: 8 }, (_, column) => {
      const toEdge = Math.min(Math.max((32 - (column + 0.5) * half) / half, -1), 1);
      return 255 * (toEdge > 0 ? (1 - toEdge) ** 2 / 2 : 1 - (1 + toEdge) ** 2 / 2);
    });
    for (const [column, value] of expected.entries()) expect(Math.abs(pixels[3 * column]! - value)).toBeLessThan(8);
  });

  test.each(['gif', 'webp'] as const)('the first frame of an animation: %s', async (format) => {
    const frames = [quarters, grays].map((colors) => picture((quarter) => colors[quarter]!));
    const raw = await Promise.all(frames.map((frame) => frame.raw().toBuffer()));
    const animation = sharp(Buffer.concat(raw), {
      raw: { width: side, height: 2 * side, channels: 3, pageHeight: side },
    });
    const bytes = await (format === 'gif'
      ? animation.gif({ delay: [50, 50] })
      : animation.webp({ lossless: true })
    ).toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    expectQuarters(await decode(bytes), quarters);
  });

  // Pillow 13.0.0 with LittleCMS 2.19, perceptual, libvips' own CMYK profile (its `cmyk`), on these very files:
  // `ImageCms.profileToProfile(image, profile, ImageCms.createProfile('sRGB'), renderingIntent=0, outputMode='RGB')`.
  const cmykcolors: readonly Color[] = [
    [200, 100, 50],
    [60, 120, 60],
    [230, 220, 210],
    [90, 60, 110],
  ];
  test.each([
    {
      name: 'without a profile',
      profiled: false,
      expected: [
        [199, 94, 21],
        [49, 117, 40],
        [222, 214, 204],
        [86, 48, 102],
      ],
    },
    {
      name: 'with its profile',
      profiled: true,
      expected: [
        [195, 94, 24],
        [51, 111, 43],
        [220, 212, 203],
        [88, 48, 102],
      ],
    },
  ])('CMYK $name, as JPEG (inverted, as Adobe writes it) and as TIFF', async ({ profiled, expected }) => {
    const image = () => {
      const cmyk = picture((quarter) => cmykcolors[quarter]!).toColourspace('cmyk');
      return profiled ? cmyk.withIccProfile('cmyk') : cmyk;
    };
    for (const bytes of [await image().jpeg(fine).toBuffer(), await image().tiff({ compression: 'none' }).toBuffer()]) {
      expect(await sharp(bytes).metadata()).toMatchObject({ space: 'cmyk', hasProfile: profiled });
      expectQuarters(await decode(bytes), expected);
    }
  });

  it('Adobe RGB (1998), by its published formulas', async () => {
    for (const color of quarters) {
      const pixels = await decode(adobeRgbPng(side, toAdobeRgb(color)));
      expectQuarters(pixels, [color, color, color, color]);
    }
  });

  it.each([
    ['jpeg', 1],
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => ['png', orientation] as const),
    ...[2, 3, 4, 5, 6, 7, 8].map((orientation) => ['jpeg', orientation] as const),
    ['webp', 6],
    ['tiff', 6],
  ] as const)('%s with EXIF orientation %i is rotated upright', async (format, orientation) => {
    // Which stored quarter (0 1 / 2 3) appears at each position; EXIF 2.32, 4.6.5.
    const seen = { 1: '0123', 2: '1032', 3: '3210', 4: '2301', 5: '0213', 6: '2031', 7: '3120', 8: '1302' }[
      orientation
    ]!;
    const stored = quarters.map((_, quarter) => quarters[seen.indexOf(String(quarter))]!);
    const bytes = await picture((quarter) => stored[quarter]!)
      .withMetadata({ orientation })
      .toFormat(format, { ...fine, lossless: true, compression: 'none' })
      .toBuffer();
    expect((await sharp(bytes).metadata()).orientation).toBe(orientation);
    expectQuarters(await decode(bytes), quarters);
  });

  it('values of unknown range are rejected', async () => {
    await expect(decode(floatTiff(side))).rejects.toThrow(
      'not an accepted image: a TIFF with values of 32 bit, floating-point',
    );
  });

  it('HEIC is rejected, and the reason names the missing decoder', async () => {
    await expect(decode(Buffer.from(heic, 'base64'))).rejects.toThrow(
      'not an accepted image: HEIC (HEVC), for which libvips is built without a decoder; save it as JPEG, PNG or AVIF',
    );
  });
});

/** sRGB (IEC 61966-2-1) → XYZ (D65) → Adobe RGB (1998), 4.3.5.2. */
function toAdobeRgb(color: Color): [number, number, number] {
  const linear = color.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const times = (matrix: number[][], vector: number[]) =>
    matrix.map((row) => row.reduce((sum, value, index) => sum + value * vector[index]!, 0));
  const xyz = times(
    [
      [0.4124564, 0.3575761, 0.1804375],
      [0.2126729, 0.7151522, 0.072175],
      [0.0193339, 0.119192, 0.9503041],
    ],
    linear,
  );
  const adobe = times(
    [
      [2.04159, -0.56501, -0.34473],
      [-0.96924, 1.87597, 0.04156],
      [0.01344, -0.11836, 1.01517],
    ],
    xyz,
  );
  const [red, green, blue] = adobe.map((value) => Math.round(255 * Math.max(0, value) ** (256 / 563)));
  return [red!, green!, blue!];
}

/** 64 × 64 pixels of one color, encoded by pillow-heif 1.8.1 (libheif, x265), quality 50. */
const heic = `
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA
AAAERAAAEAAQAAAAABegABAAAAAAAAABsAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAA
AAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkA
AAAwAAAwAeoCCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAA
QAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAACNtZGF0AAAAFygBrxOA5TPAn/8so//o+zw+bmmtUPU+
`;
