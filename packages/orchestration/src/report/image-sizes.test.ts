import type { ImageInfo } from '@chorus/data';
import { describe, expect, it } from 'vitest';
import { imageSizes } from './image-sizes.ts';
import { reportSchema } from './schema.ts';

const infoOf = (...sides: [number, number][]) =>
  sides.map(([width, height]): ImageInfo => ({ format: width > 400 ? 'png' : 'jpeg', width, height }));

describe('imageSizes', () => {
  it('counts images by shorter side in steps without gaps, and leaves out unusable images', () => {
    const info = [...infoOf([100, 95], [500, 90], [128, 300], [255, 256], [64, 64]), null];
    const sizes = imageSizes({ info }, 128)!;
    expect(sizes).toEqual({
      formats: { jpeg: 4, png: 1 },
      dimensions: { smallest: [64, 64], median: [128, 300], largest: [255, 256], belowInputSize: 3, elongated: 1 },
      shorterSides: [
        { from: 64, to: 90, count: 2 },
        { from: 91, to: 127, count: 1 },
        { from: 128, to: 180, count: 1 },
        { from: 181, to: 255, count: 1 },
      ],
    });
    expect(reportSchema.shape.dataset.shape.sizes.parse(sizes)).toEqual(sizes);
  });

  it('counts images of any size once', () => {
    const info = infoOf(...Array.from({ length: 3000 }, (_, index): [number, number] => [index + 1, 5000]));
    const { shorterSides } = imageSizes({ info }, 32)!;
    expect(shorterSides.map(({ count, from, to }) => count === Math.min(to, 3000) - from + 1)).toEqual(
      shorterSides.map(() => true),
    );
    expect(shorterSides[0]).toEqual({ from: 1, to: 1, count: 1 });
  });

  it('is null without a usable image', () => {
    expect(imageSizes({ info: [null] }, 32)).toBeNull();
  });
});
