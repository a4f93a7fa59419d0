import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, decodeImages, inspectImageBytes } from './decode.ts';
import { resizeLikeOpenCv } from './decode-opencv.ts';
import { resizeLikePillow } from './decode-pillow.ts';
import { DataError } from './errors.ts';
import { createPixelStore, PixelStore } from './pixel-store.ts';

const options = { background: 'white', resize: 'antialiased', maxPixels: 1e8, timeoutMs: 10_000 } as const;

let folder: string;
const at = (name: string) => join(folder, name);

/** A smooth picture with a bright corner. */
function picture(width: number, height: number) {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < 3; channel += 1)
        pixels[(y * width + x) * 3 + channel] = Math.round(
          (channel === 0 ? (255 * x) / width : channel === 1 ? (255 * y) / height : 128 + 100 * Math.sin((x + y) / 9)) *
            0.9,
        );
  return { pixels, image: () => sharp(pixels, { raw: { width, height, channels: 3 } }) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-decode-'));
  const { image } = picture(120, 90);
  await image().jpeg({ quality: 95 }).toFile(at('good.jpg'));
  await image().png().toFile(at('good.png'));
  await writeFile(at('empty.jpg'), '');
  await writeFile(at('text.jpg'), 'This is a text.');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function differences(ours: Uint8Array, theirs: Uint8Array): number[] {
  expect(ours).toHaveLength(theirs.length);
  return Array.from(ours, (value, index) => Math.abs(value - theirs[index]!));
}

describe('decodeImage', () => {
  it('returns the sizes in the requested order, each independent of the others', async () => {
    const sizes = [224, 299, 16, 120];
    const { image } = picture(120, 90);
    await image().toColourspace('b-w').jpeg().toFile(at('gray.jpg'));
    await image().toColourspace('cmyk').jpeg().toFile(at('cmyk.jpg'));
    await image().withMetadata({ orientation: 6 }).jpeg().toFile(at('turned.jpg'));
    for (const name of ['good.jpg', 'good.png', 'gray.jpg', 'cmyk.jpg', 'turned.jpg']) {
      const squares = await decodeImage(at(name), sizes, options);
      expect(squares.map(({ length }) => length)).toEqual(sizes.map((size) => size * size * 3));
      for (const [position, size] of sizes.entries())
        expect(squares[position]).toEqual((await decodeImage(at(name), [size], options))[0]);
    }
  });

  // libvips enlarges with other sample positions than PIL, and for large reductions first averages whole blocks.
  it.each([
    [150, 110, 64, 3, 0.5],
    [64, 96, 64, 2, 0.5],
    [1800, 1300, 64, 12, 1],
    [40, 30, 64, 8, 2.5],
  ])(
    'resizes %i × %i to %i as PIL does, within %i: a triangle filter, wider for reductions',
    async (width, height, size, tolerance, meanTolerance) => {
      const { pixels, image } = picture(width, height);
      const path = at(`resize-${width}.png`);
      await image().png().toFile(path);
      const [ours] = await decodeImage(path, [size], options);
      const from = differences(ours!, pilBilinear(pixels, width, height, size));
      expect(Math.max(...from)).toBeLessThanOrEqual(tolerance);
      expect(from.reduce((sum, one) => sum + one, 0) / from.length).toBeLessThan(meanTolerance);
    },
  );

  it('decodes a large JPEG at full size, without scaling in the decoder', async () => {
    // Lines of one pixel, which a scaling decoder would average differently.
    const [width, height] = [1024, 1024];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => (((index / 3) & 3) === 0 ? 250 : 5));
    const image = sharp(pixels, { raw: { width, height, channels: 3 } });
    const jpeg = await image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    await writeFile(at('large.jpg'), jpeg);
    await sharp(jpeg).png({ compressionLevel: 1 }).toFile(at('large.png'));
    const [ours] = await decodeImage(at('large.jpg'), [100], options);
    const [plain] = await decodeImage(at('large.png'), [100], options);
    expect(ours).toEqual(plain);
    const [among] = await decodeImage(at('large.jpg'), [100, 8], options);
    expect(ours).toEqual(among);
  });

  it.each([
    ['opencv', resizeLikeOpenCv],
    ['pillow', resizeLikePillow],
  ] as const)("resizes as %s does when asked to, from the image's own pixels", async (resize, method) => {
    const { pixels } = picture(120, 90);
    const [ours] = await decodeImage(at('good.png'), [24], { ...options, resize });
    expect(ours).toEqual(method({ data: pixels, width: 120, height: 90 }, 24));
    expect(ours).not.toEqual((await decodeImage(at('good.png'), [24], options))[0]);
  });

  it('rejects a background that is not a color', async () => {
    const decoding = decodeImage(at('good.png'), [8], { ...options, background: 'glass' });
    await expect(decoding).rejects.toThrow(DataError);
    await expect(decoding).rejects.toThrow(/Expected a color such as "white".* received "glass"/);
  });
});

describe('decodeImages', () => {
  it('fills the slots of every store in order, and skips unusable images in all of them, with path and reason', async () => {
    const names = ['good.jpg', 'empty.jpg', 'good.png'];
    const handles = [createPixelStore(names.length, 16), createPixelStore(names.length, 24)];
    const { skipped } = await decodeImages(
      names.map((name) => ({ path: at(name), relativePath: name })),
      handles,
      { ...options, maxSkippedShare: 0.5 },
    );
    expect(skipped).toEqual([{ path: 'empty.jpg', reason: 'not an image: the file is empty' }]);
    for (const handle of handles) {
      const store = new PixelStore(handle);
      expect([0, 1, 2].map((index) => store.isReady(index))).toEqual([true, false, true]);
      expect(() => store.pixels(1)).toThrow('image 1 of 3 was not decoded');
      for (const index of [0, 2]) {
        const [alone] = await decodeImage(at(names[index]!), [handle.size], options);
        expect([...store.pixels(index)]).toEqual([...alone!]);
      }
    }
  });

  it('decodes images one at a time if the pixel limit requires it', async () => {
    const images = Array.from({ length: 9 }, () => ({ path: at('good.png') }));
    const handle = createPixelStore(9, 8);
    await decodeImages(images, [handle], { ...options, maxPixels: 120 * 90, concurrency: 9 });
    expect(images.every((_, index) => new PixelStore(handle).isReady(index))).toBe(true);
  });

  it('throws when more than 5 % are unusable, naming the first', async () => {
    const images = Array.from({ length: 20 }, (_, index) => ({ path: at(index < 2 ? 'text.jpg' : 'good.png') }));
    const decoding = decodeImages(images, [createPixelStore(20, 8)], options);
    await expect(decoding).rejects.toThrow(DataError);
    await expect(decoding).rejects.toThrow(/2 of 20 images cannot be used, more than 5 %: .*text\.jpg/);
    await expect(
      decodeImages(images.slice(1), [createPixelStore(19, 8)], { ...options, maxSkippedShare: 0.06 }),
    ).resolves.toMatchObject({ skipped: [{}] });
  });

  it('rejects stores of another size, and a background that is not a color, before decoding', async () => {
    const images = [{ path: at('good.png') }];
    await expect(decodeImages(images, [createPixelStore(2, 8)], options)).rejects.toThrow(
      'expected stores of 1 images, received one of 2',
    );
    const handle = createPixelStore(1, 8);
    await expect(decodeImages(images, [handle], { ...options, background: 'glass' })).rejects.toThrow(DataError);
    expect(new PixelStore(handle).isReady(0)).toBe(false);
  });

  it('stops on abort', async () => {
    const images = Array.from({ length: 50 }, () => ({ path: at('good.png') }));
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('stopped'));
    await expect(
      decodeImages(images, [createPixelStore(50, 8)], { ...options, signal: controller.signal, onProgress }),
    ).rejects.toThrow('stopped');
  });

  const photographs = new URL('../../../../shared/data/cats-vs-dogs/train/cats/', import.meta.url);
  it.skipIf(!existsSync(photographs))('decodes real photographs (needs ../shared)', async () => {
    const names = (await readdir(photographs)).slice(0, 30);
    const { skipped } = await decodeImages(
      names.map((name) => ({ path: new URL(name, photographs).pathname })),
      [createPixelStore(names.length, 64), createPixelStore(names.length, 96)],
      options,
    );
    expect(skipped).toEqual([]);
    for (const name of names.slice(0, 5)) {
      const path = new URL(name, photographs).pathname;
      expect((await decodeImage(path, [64], options))[0]).toEqual((await decodeImage(path, [64, 96], options))[0]);
    }
  });
});

/** PIL's BILINEAR (Pillow, src/libImaging/Resample.c): separable, horizontal pass first, each rounded to bytes. */
function pilBilinear(pixels: Uint8Array, width: number, height: number, size: number): Uint8Array {
  const rows = resample(
    pixels,
    width,
    height,
    size,
    (x, y) => (y * width + x) * 3,
    (x, y) => (y * size + x) * 3,
  );
  return resample(
    rows,
    height,
    size,
    size,
    (y, x) => (y * size + x) * 3,
    (y, x) => (y * size + x) * 3,
  );
}

function resample(
  source: Uint8Array,
  length: number,
  lines: number,
  size: number,
  from: (position: number, line: number) => number,
  to: (position: number, line: number) => number,
): Uint8Array {
  const result = new Uint8Array(size * lines * 3);
  const scale = length / size;
  const support = Math.max(scale, 1);
  for (let position = 0; position < size; position += 1) {
    const center = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(length, Math.trunc(center + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, index) =>
      Math.max(0, 1 - Math.abs((first + index - center + 0.5) / support)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let line = 0; line < lines; line += 1)
      for (let channel = 0; channel < 3; channel += 1) {
        const sum = weights.reduce(
          (value, weight, index) => value + weight * source[from(first + index, line) + channel]!,
          0,
        );
        result[to(position, line) + channel] = Math.round(sum / total);
      }
  }
  return result;
}

it('inspectImageBytes tells the format and size of a usable image, and why another is unusable', async () => {
  const limits = { maxPixels: 120 * 90, timeoutMs: 10_000 };
  const good = await readFile(at('good.jpg'));
  expect(await inspectImageBytes(good, limits)).toEqual({ format: 'jpeg', width: 120, height: 90 });
  await expect(inspectImageBytes(good, { ...limits, maxPixels: 100 })).rejects.toThrow(/^too large/);
  await expect(inspectImageBytes(good.subarray(0, good.length / 2), limits)).rejects.toThrow(/^damaged/);
  await expect(inspectImageBytes(Buffer.from('This is a text.'), limits)).rejects.toThrow(/^not an image/);
});
