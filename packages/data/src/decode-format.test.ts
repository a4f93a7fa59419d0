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
    ['heif', '\0\0\0\x20ftypmp42\0\0\0\0isommif1avifmiaf'],
  ])('detects %s', (format, start) => expect(formatOf(latin1(start))).toBe(format));

  test.each([
    ['a sound', 'RIFF\x01\x02\x03\x04WAVEfmt ', /^not an image: /],
    [
      'a video',
      '\0\0\0\x1cftypisom',
      'not an image: a video or audio file (MP4 or similar); save a frame as JPEG or PNG',
    ],
    ['a video whose content contains an image brand', '\0\0\0\x14ftypisom\0\0\0\0isomavif', /^not an image: a video/],
    ['QuickTime', '\0\0\0\x14ftypqt  ', /^not an image: a video or audio file \(QuickTime\)/],
    ['QuickTime without brands', '\0\0\0\x08wide\0\0\0\0mdat', /^not an image: a video or audio file \(QuickTime\)/],
    ['WebM', '\x1a\x45\xdf\xa3\x01', /^not an image: a video/],
    ['an HTML page', '<!DOCTYPE html>\n<html>', /^not an image: an HTML page; a server may have sent an error page/],
    ['an HTML page after a comment', '\xef\xbb\xbf <!-- a -->\n<HTML lang="en">', /^not an image: an HTML page/],
    ['an HTML page with an inline drawing', '<html><body><svg width="1">', /^not an image: an HTML page/],
    ['an empty HTML page', '<html></html>', /^not an image: an HTML page/],
    ['an archive', 'PK\x03\x04', 'not an image: an archive (ZIP); unpack it'],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\n',
      /^not an image: a Git LFS pointer; .*git lfs pull/,
    ],
    ['AppleDouble', '\0\x05\x16\x07\0\x02', /^not an image: an AppleDouble file/],
    ['zeros', '\0'.repeat(2000), /^not an image: its first 1024 bytes are zero/],
    ['text that starts like a bitmap', 'BMW is a carmaker.', /^not an image: its first bytes match none of/],
    ['text that starts like a Netpbm file', 'P1anes', /^not an image: its first bytes match none of/],
    ['BMP', 'BM\x9a\x01\0\0\0\0\0\0\x36', 'not an accepted image: bmp; save it as JPEG or PNG'],
    ['an icon', '\0\0\x01\0\x01\0', 'not an accepted image: ico; save it as JPEG or PNG'],
    ['a Photoshop file', '8BPS\0\x01', 'not an accepted image: psd; save it as JPEG or PNG'],
    ['PDF', '%PDF-1.7', 'not an accepted image: pdf; export its pages as JPEG or PNG'],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n', /^not an accepted image: jpeg 2000/],
    ['Netpbm', 'P6\n8 8\n255\n', /^not an accepted image: netpbm/],
    ['DICOM', `${'\0'.repeat(128)}DICM`, /^not an accepted image: DICOM/],
    ['CR3', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom', /^not an accepted image: camera raw data \(CR3\); convert it/],
    ['RAF', 'FUJIFILMCCD-RAW 0201', /^not an accepted image: camera raw data \(RAF\)/],
    ['MNG', '\x8aMNG\r\n\x1a\n', /^not an accepted image: mng/],
    [
      "Xcode's PNG",
      '\x89PNG\r\n\x1a\n\0\0\0\x04CgBI',
      /^not an accepted image: a PNG in the variant of Xcode \(CgBI\); take/,
    ],
    ['JPEG XL', '\xff\x0a', /^not an accepted image: jpeg xl/],
    ['SVG', '\xef\xbb\xbf<?xml?><SVG width="1">', /^not an accepted image: svg/],
    ['a page with SVG beyond the inspected bytes', `${' '.repeat(1024)}<svg>`, /^not an image: /],
  ])('rejects %s', (_, start, reason) => expect(() => formatOf(latin1(start))).toThrow(reason));

  it('ignores what follows a known signature and gives a reason for all other content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(formatOf(Buffer.concat([latin1('GIF87a'), bytes]))).toBe('gif');
        expect(() => formatOf(Buffer.concat([latin1('\0none'), bytes]))).toThrow(/^not an (accepted )?image: /);
      }),
    );
  });
});
