import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '@chorus/data';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AugmentationSheetOptions, writeAugmentationSheet } from './augmentation-sheet.ts';
import { ConfigError } from './errors.ts';

let folder: string;
let images: string[];
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-augmentation-sheet-'));
  const side = 32;
  images = await Promise.all(
    [1, 2].map(async (number) => {
      // A gradient, so that every change of place or color is visible.
      const pixels = Uint8Array.from({ length: side * side * 3 }, (_, index) => {
        const [place, channel] = [Math.floor(index / 3), index % 3];
        return [(7 * place) % side, place / side, 30 * number][channel]! + 60;
      });
      await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(at(`${number}.png`));
      return at(`${number}.png`);
    }),
  );
  await writeFile(at('text.jpg'), 'This is a text.');
  await mkdir(at('folder.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The sheet's tiles by row and column, and whether everything around them is white. */
async function tilesOf(path: string, size: number, rows: number, columns: number) {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const step = size + 4;
  expect([info.width, info.height, info.channels]).toEqual([columns * step + 4, rows * step + 4, 3]);
  const pixelsOf = (row: number, column: number) =>
    Array.from({ length: size * size }, (_, pixel) => {
      const y = 4 + row * step + Math.floor(pixel / size);
      const start = 3 * (y * info.width + 4 + column * step + (pixel % size));
      return [...data.subarray(start, start + 3)];
    }).flat();
  expect([...data.subarray(0, 3 * info.width)].every((value) => value === 255)).toBe(true);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_one, column) => pixelsOf(row, column)),
  );
}

const small: AugmentationSheetOptions = { augmentation: 'medium', inputSize: 32, epochCount: 3 };

describe('writeAugmentationSheet', () => {
  it('has each image as it is, then as it is augmented in each epoch', async () => {
    expect(await writeAugmentationSheet(at('sheet.png'), images, small)).toEqual({ width: 148, height: 76 });
    const tiles = await tilesOf(at('sheet.png'), 32, 2, 4);
    for (const [row, path] of images.entries())
      expect(tiles[row]![0]).toEqual([...(await sharp(path).removeAlpha().raw().toBuffer())]);
    expect(new Set(tiles.flat().map((tile) => tile.join())).size).toBe(8);
  });

  it('is the same with the same seed, and different with another one', async () => {
    const sheetOf = async (seed: number) => {
      await writeAugmentationSheet(at(`seed-${seed}.png`), images, { ...small, augmentation: 'heavy', seed });
      return tilesOf(at(`seed-${seed}.png`), 32, 2, 4);
    };
    const first = await sheetOf(1);
    expect(await sheetOf(1)).toEqual(first);
    expect(await sheetOf(2)).not.toEqual(first);
  });

  it('shows flips', async () => {
    await writeAugmentationSheet(at('flips.png'), images, { ...small, augmentation: 'flip', epochCount: 12 });
    const [tiles] = await tilesOf(at('flips.png'), 32, 2, 13);
    const kinds = new Set(tiles!.map((tile) => tile.join()));
    const flipped = [...(await sharp(images[0]!).removeAlpha().flop().raw().toBuffer())];
    expect(kinds).toEqual(new Set([tiles![0]!.join(), flipped.join()]));
  });

  it.each<[string, string, Partial<AugmentationSheetOptions>, RegExp]>([
    ['another format', 'sheet.jpg', {}, /^Expected an output file that ends in \.png, received /],
    ['a folder', 'folder.png', {}, /^Expected an output file, received the folder /],
    ['an unknown name', 'new.png', { augmentation: 'strong' as 'heavy' }, /^Invalid augmentation: .*received "strong"/],
    ['an angle out of range', 'new.png', { augmentation: { rotation: 300 } }, /^Invalid augmentation\.rotation: .*300/],
    [
      'a size out of range',
      'new.png',
      { inputSize: 8 },
      /^Invalid inputSize: expected a whole number from 32 to 1024 \(received 8\)\.$/,
    ],
    ['too large a sheet', 'new.png', { inputSize: 1024, epochCount: 100 }, /at most 100000000 pixels, received/],
  ])('refuses %s and writes nothing', async (_, out, options, message) => {
    const before = await readdir(folder);
    const written = writeAugmentationSheet(at(out), images, { ...small, ...options });
    await expect(written).rejects.toThrow(ConfigError);
    await expect(written).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(before);
  });

  it('names the files that cannot be decoded', async () => {
    const written = writeAugmentationSheet(at('new.png'), [images[0]!, at('text.jpg'), at('nowhere.png')], small);
    await expect(written).rejects.toThrow(DataError);
    await expect(written).rejects.toThrow(/^Cannot decode 2 of 3 images: .*text\.jpg .*nowhere\.png/);
  });
});
