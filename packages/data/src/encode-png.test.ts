import sharp from 'sharp';
import { expect, it } from 'vitest';
import { encodePng } from './encode-png.ts';

it('gives a PNG file with the same pixels', async () => {
  const pixels = Uint8Array.from({ length: 3 * 5 * 3 }, (_, index) => (37 * index) % 256);
  const { data, info } = await sharp(await encodePng(pixels, { width: 5, height: 3 }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 5, height: 3, channels: 3 });
  expect(new Uint8Array(data)).toEqual(pixels);
});
