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
});
