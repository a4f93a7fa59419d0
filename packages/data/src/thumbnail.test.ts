import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeThumbnail } from './thumbnail.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thumbnail-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A red image with a blue left half. */
async function write(name: string, width: number, height: number, orientation = 1): Promise<string> {
  const half = { create: { width: width / 2, height, channels: 3, background: 'blue' } } as const;
  const bytes = await sharp({ create: { width, height, channels: 3, background: 'red' } })
    .composite([{ input: half, left: 0, top: 0 }])
    .withExif({ IFD0: { Artist: 'somebody' } })
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer();
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

it('shrinks a whole image and leaves out its metadata', async () => {
  const { bytes, ...size } = await makeThumbnail(await write('wide.jpg', 400, 200), 100);
  expect(size).toEqual({ width: 100, height: 50 });
  const { format, exif, width } = await sharp(bytes).metadata();
  expect({ format, exif, width }).toEqual({ format: 'webp', exif: undefined, width: 100 });
});

it('turns an image upright', async () => {
  // Orientation 6: the left half of the file is at the top.
  const { bytes, ...size } = await makeThumbnail(await write('turned.jpg', 400, 200, 6), 100);
  expect(size).toEqual({ width: 50, height: 100 });
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (row: number) =>
    Array.from(data.subarray((row * 50 + 25) * info.channels, (row * 50 + 25) * info.channels + 3));
  expect(at(10)[2]).toBeGreaterThan(200);
  expect(at(90)[0]).toBeGreaterThan(200);
});

it('does not enlarge an image', async () => {
  expect(await makeThumbnail(await write('small.jpg', 20, 10), 100)).toMatchObject({ width: 20, height: 10 });
});

it('refuses a file that is not an image', async () => {
  await writeFile(join(folder, 'text.jpg'), 'text');
  await expect(makeThumbnail(join(folder, 'text.jpg'), 100)).rejects.toThrow('not an image');
});
