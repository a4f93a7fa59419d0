import { describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/pillow.json' with { type: 'json' };
import { resizeLikePillow } from './decode-pillow.ts';
import { picture } from './picture.fixture.ts';

describe('resizeLikePillow', () => {
  it.each(golden.cases)('matches Pillow for $width × $height pixels to $size', (one) => {
    const { width, height, size, pixels } = one;
    const ours = resizeLikePillow({ data: picture(width, height), width, height }, size);
    expect(Buffer.from(ours).toString('base64')).toBe(pixels);
  });

  it.each(golden.boxes)('matches Pillow for the box $box of $width × $height pixels to $size', (one) => {
    const { width, height, size, box, pixels } = one;
    const [left, top, right, bottom] = box as [number, number, number, number];
    const ours = resizeLikePillow(
      { data: picture(width, height), width, height, box: { left, top, width: right - left, height: bottom - top } },
      size,
    );
    expect(Buffer.from(ours).toString('base64')).toBe(pixels);
  });

  it.each([
    { order: 'columns first', width: 60, height: 50 },
    { order: 'rows first', width: 50, height: 90 },
    { order: 'columns only', width: 60, height: 40 },
    { order: 'rows only', width: 40, height: 50 },
    { order: 'rows only, first', width: 40, height: 90 },
    { order: 'enlarged', width: 20, height: 30 },
    { order: 'more between the passes than is kept', width: 60, height: 13_000 },
  ])('returns a result that later calls do not change: $order', ({ width, height }) => {
    const size = 40;
    const resized = resizeLikePillow({ data: picture(width, height), width, height }, size);
    const copy = resized.slice();
    resizeLikePillow({ data: new Uint8Array(width * height * 3), width, height }, size);
    expect(resized).toEqual(copy);
    expect(resizeLikePillow({ data: picture(width, height), width, height }, size)).toEqual(copy);
  });
});
