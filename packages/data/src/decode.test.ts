import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { decodeImage, decodeImages } from './decode.ts';
import { DataError } from './errors.ts';
import { createPixelStore, PixelStore } from './pixel-store.ts';

let folder: string;
const at = (name: string) => join(folder, name);

/** A smooth picture with a bright corner, so that every turn of it looks different. */
function picture(width: number, height: number, channels: 1 | 3 = 3) {
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < channels; channel += 1)
        pixels[(y * width + x) * channels + channel] = Math.round(
          (channel === 0 ? (255 * x) / width : channel === 1 ? (255 * y) / height : 128 + 100 * Math.sin((x + y) / 9)) *
            0.9,
        );
  return { pixels, image: () => sharp(pixels, { raw: { width, height, channels } }) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-decode-'));
  const { image } = picture(120, 90);
  await image().jpeg({ quality: 95 }).toFile(at('good.jpg'));
  await image().png().toFile(at('good.png'));
  const jpeg = await readFile(at('good.jpg'));
  for (const percent of [10, 50, 90])
    await writeFile(at(`cut-${percent}.jpg`), jpeg.subarray(0, (jpeg.length * percent) / 100));
  await writeFile(at('empty.jpg'), '');
  await writeFile(at('text.jpg'), 'This is a text.');
  await writeFile(at('program.jpg'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await symlink(at('nowhere'), at('link.jpg'));
  execFileSync('mkfifo', [at('pipe.jpg')]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('decodeImage', () => {
  test.each(['good.jpg', 'good.png'])('gives size × size × 3 bytes of %s', async (name) => {
    expect(await decodeImage(at(name), 32)).toHaveLength(32 * 32 * 3);
  });

  test.each<[string, RegExp]>([
    ['cut-10.jpg', /./],
    ['cut-50.jpg', /premature end/i],
    ['cut-90.jpg', /premature end/i],
    ['empty.jpg', /not an image: the file is empty/],
    ['text.jpg', /not an image/],
    ['program.jpg', /not an accepted image: svg/],
    ['link.jpg', /ENOENT/],
    ['pipe.jpg', /not a plain file/],
    ['.', /not a plain file/],
  ])('refuses %s', async (name, reason) => {
    await expect(decodeImage(at(name), 32)).rejects.toThrow(reason);
  });

  it('refuses more pixels than allowed from the header alone', async () => {
    await expect(decodeImage(at('good.png'), 32, { maxPixels: 10_000 })).rejects.toThrow(/limit|too large/);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns a picture upright by its EXIF orientation %i', async (orientation) => {
    const upright = await decodeImage(at('good.png'), 24);
    const { image } = picture(120, 90);
    // Stored so that applying the orientation undoes it: first turned clockwise, then mirrored.
    const [degrees, mirrored] = {
      1: [0, false],
      2: [0, true],
      3: [180, false],
      4: [180, true],
      5: [90, true],
      6: [270, false],
      7: [270, true],
      8: [90, false],
    }[orientation] as [number, boolean];
    const turn = await image().rotate(degrees).png().toBuffer();
    const stored = await sharp(turn).flop(mirrored).png().toBuffer();
    await sharp(stored)
      .withMetadata({ orientation })
      .png()
      .toFile(at(`turned-${orientation}.png`));
    const turned = await decodeImage(at(`turned-${orientation}.png`), 24);
    const largest = Math.max(...turned.map((value, index) => Math.abs(value - upright[index]!)));
    expect(largest).toBeLessThanOrEqual(3);
  });

  it('spreads grey over three channels', async () => {
    await picture(40, 40, 1).image().toColourspace('b-w').png().toFile(at('grey.png'));
    const pixels = await decodeImage(at('grey.png'), 16);
    expect(pixels).toHaveLength(16 * 16 * 3);
    for (let index = 0; index < pixels.length; index += 3) expect(pixels[index]).toBe(pixels[index + 2]);
  });

  // Enlarging, libvips samples between pixels otherwise than PIL; photographs are reduced.
  it.each([
    [150, 110, 64, 3, 0.5],
    [64, 96, 64, 2, 0.5],
    [40, 30, 64, 8, 2.5],
  ])(
    'resizes %i × %i to %i as PIL does, within %i: a triangle filter, widened when it reduces',
    async (width, height, size, tolerance, meanTolerance) => {
      const { pixels, image } = picture(width, height);
      const path = at(`resize-${width}.png`);
      await image().png().toFile(path);
      const ours = await decodeImage(path, size);
      const pil = pilBilinear(pixels, width, height, size);
      const differences = Array.from(ours, (value, index) => Math.abs(value - pil[index]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
      expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(meanTolerance);
    },
  );
});

describe('decodeImages', () => {
  it('fills the slots in order and skips what cannot be used, with its path and reason', async () => {
    const names = ['good.jpg', 'empty.jpg', 'good.png'];
    const handle = createPixelStore(names.length, 16);
    const { skipped } = await decodeImages(
      names.map((name) => ({ path: at(name), relativePath: name })),
      handle,
      { maxSkippedShare: 0.5 },
    );
    expect(skipped).toEqual([{ path: 'empty.jpg', reason: 'not an image: the file is empty' }]);
    const store = new PixelStore(handle);
    expect([0, 1, 2].map((index) => store.isReady(index))).toEqual([true, false, true]);
    expect(() => store.pixels(1)).toThrow('image 1 of 3 was not decoded');
    expect([...store.pixels(2)]).toEqual([...(await decodeImage(at('good.png'), 16))]);
  });

  it('is an error when more than 5 % cannot be used, naming the first', async () => {
    const images = Array.from({ length: 20 }, (_, index) => ({ path: at(index < 2 ? 'text.jpg' : 'good.png') }));
    await expect(decodeImages(images, createPixelStore(20, 8))).rejects.toThrow(DataError);
    await expect(decodeImages(images, createPixelStore(20, 8))).rejects.toThrow(
      /2 of 20 images cannot be used, more than 5 %: .*text\.jpg/,
    );
    await expect(
      decodeImages(images.slice(1), createPixelStore(19, 8), { maxSkippedShare: 0.06 }),
    ).resolves.toMatchObject({ skipped: [{}] });
  });

  it('stops when it is told to', async () => {
    const images = Array.from({ length: 50 }, () => ({ path: at('good.png') }));
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('stopped'));
    await expect(
      decodeImages(images, createPixelStore(50, 8), { signal: controller.signal, onProgress }),
    ).rejects.toThrow('stopped');
  });

  const photographs = new URL('../../../../shared/data/cats-vs-dogs/train/cats/', import.meta.url);
  it.skipIf(!existsSync(photographs))('decodes real photographs (needs ../shared)', async () => {
    const { readdir } = await import('node:fs/promises');
    const names = (await readdir(photographs)).slice(0, 30);
    const { skipped } = await decodeImages(
      names.map((name) => ({ path: new URL(name, photographs).pathname })),
      createPixelStore(names.length, 64),
    );
    expect(skipped).toEqual([]);
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
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(length, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, index) =>
      Math.max(0, 1 - Math.abs((first + index - centre + 0.5) / support)),
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
