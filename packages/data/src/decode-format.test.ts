import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatOf } from './decode-format.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('formatOf', () => {
  test.each([
    ['jpeg', '\xff\xd8\xff\xe0'],
    ['png', '\x89PNG\r\n\x1a\n\0'],
    ['webp', 'RIFF\x01\x02\x03\x04WEBPVP8 '],
    ['gif', 'GIF89a'],
    ['tiff', 'MM\0*'],
    ['heif', '\0\0\0\x1cftypavif'],
  ])('knows %s', (format, start) => expect(formatOf(latin1(start))).toBe(format));

  test.each([
    ['a sound', 'RIFF\x01\x02\x03\x04WAVEfmt ', /^not an image: /],
    ['a film', '\0\0\0\x1cftypisom', /^not an image: /],
    ['JPEG XL', '\xff\x0a', /^not an accepted image: jpeg xl/],
    ['SVG', '\xef\xbb\xbf<?xml?><SVG width="1">', /^not an accepted image: svg/],
    ['a page about SVG, far behind', `${' '.repeat(1024)}<svg>`, /^not an image: /],
  ])('refuses %s', (_, start, reason) => expect(() => formatOf(latin1(start))).toThrow(reason));

  it('is not misled by what comes behind a start, and says of everything else why not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(formatOf(Buffer.concat([latin1('GIF87a'), bytes]))).toBe('gif');
        expect(() => formatOf(Buffer.concat([latin1('\0none'), bytes]))).toThrow(/^not an (accepted )?image: /);
      }),
    );
  });
});
