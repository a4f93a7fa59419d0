import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { heatColor } from './heat-colors.ts';
import { drawHeatMaps } from './heat-map-overlay.ts';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heat-map-'));
  path = join(folder, 'wide.png');
  await writeFile(
    path,
    await sharp({ create: { width: 400, height: 200, channels: 3, background: '#4080c0' } })
      .png()
      .toBuffer(),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** Red, green and blue at a share of the width and height. */
async function colorAt(bytes: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return Array.from(data.subarray(at, at + 3));
}

it('colors what is hot and leaves the rest gray', async () => {
  const [corner, none] = await drawHeatMaps(path, 100, [
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
    [[0]],
  ]);
  expect([corner!.width, corner!.height]).toEqual([100, 50]);
  const [red, green, blue] = await colorAt(corner!.bytes, 0.1, 0.1);
  expect(red! - blue!).toBeGreaterThan(40);
  expect(green! - blue!).toBeGreaterThan(40);
  const gray = 0.299 * 0x40 + 0.587 * 0x80 + 0.114 * 0xc0;
  // WebP rounds.
  for (const color of [await colorAt(corner!.bytes, 0.9, 0.9), await colorAt(none!.bytes, 0.1, 0.1)])
    for (const channel of color) expect(Math.abs(channel - gray)).toBeLessThan(6);
});

it('maps are as symmetric as their numbers', async () => {
  const [overlay] = await drawHeatMaps(path, 100, [[[0.2, 1, 0.2]]]);
  const [left, middle, right] = await Promise.all([0.1, 0.5, 0.9].map((x) => colorAt(overlay!.bytes, x, 0.5)));
  for (const channel of [0, 1, 2]) expect(Math.abs(left![channel]! - right![channel]!)).toBeLessThan(8);
  expect(middle![0]).toBeGreaterThan(left![0]! + 40);
});

it('colors get lighter from 0 to 1', () => {
  const lightness = Array.from({ length: 41 }, (_, step) => {
    const [red, green, blue] = heatColor(step / 40);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  expect(lightness).toEqual(lightness.toSorted((a, b) => a - b));
  expect(heatColor(2)).toEqual(heatColor(1));
  expect(heatColor(-1)).toEqual(heatColor(0));
});
