import sharp from 'sharp';
import { expect, it } from 'vitest';
import { svgToPng } from './svg-to-png.ts';

it('draws shapes and embedded pictures at the size of the SVG', async () => {
  const blue = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#0000ff' } })
    .png()
    .toBuffer();
  const { bytes, ...size } = await svgToPng(`<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4">
    <rect width="6" height="4" fill="#ff0000"/>
    <image x="4" width="2" height="2" href="data:image/png;base64,${blue.toString('base64')}"/>
  </svg>`);
  expect(size).toEqual({ width: 6, height: 4 });
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject(size);
  const pixelAt = (x: number, y: number) => [...data.subarray(3 * (y * 6 + x), 3 * (y * 6 + x) + 3)];
  expect([pixelAt(0, 0), pixelAt(5, 0), pixelAt(5, 3)]).toEqual([
    [255, 0, 0],
    [0, 0, 255],
    [255, 0, 0],
  ]);
});
