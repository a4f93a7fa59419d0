/** Header readers on malformed files: they terminate, allocate little, and throw only errors that state a reason. */
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import golden from '../../../tools/golden/formats.json' with { type: 'json' };
import type { ImageFormat } from './decode-format.ts';
import { decodePixels, readHeader } from './decode-pixels.ts';
import { readGifLayout } from './gif-layout.ts';
import { readHeifItem } from './heif-item.ts';
import { readImageLayout } from './image-layout.ts';
import { readTiffSamples } from './tiff-samples.ts';

const reason = /^(damaged|not an accepted image|not an image|too large): ./;

/** A reader's reason, or undefined. Any other error is a bug. */
function complaint(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    expect((error as Error).message).toMatch(reason);
    return (error as Error).message;
  }
}

const formats: Record<string, ImageFormat> = {
  JPEG: 'jpeg',
  PNG: 'png',
  WebP: 'webp',
  GIF: 'gif',
  TIFF: 'tiff',
  'AVIF and HEIC': 'heif',
};
const files = golden.cases.map(({ format, file }) => ({
  format: formats[format]!,
  bytes: inflateSync(Buffer.from(file, 'base64')),
}));

/** A file with some bytes replaced, often by boundary values of counts and sizes, and possibly truncated. */
const damagedFile = fc
  .record({
    file: fc.constantFrom(...files),
    edits: fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.constantFrom(0, 1, 2, 127, 128, 255) }),
      { minLength: 1, maxLength: 12 },
    ),
    share: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ file, edits, share }) => {
    const bytes = Buffer.from(file.bytes);
    // Headers are at the start; a TIFF's is often at the end.
    for (const { at, value } of edits) {
      const offset = Math.floor(at ** 2 * Math.min(bytes.length, 1500));
      bytes[file.format === 'tiff' && value % 2 === 0 ? bytes.length - 1 - offset : offset] = value;
    }
    return { format: file.format, bytes: bytes.subarray(0, Math.ceil(share * bytes.length)) };
  });

describe('header readers', () => {
  test.each<[ImageFormat, string]>([
    ['tiff', 'II*\0'],
    ['tiff', 'MM\0*'],
    ['tiff', 'II+\0\x08\0\0\0'],
    ['gif', 'GIF89a'],
    ['heif', '\0\0\0\x10ftypavif\0\0\0\0\0\0\x01\0meta\0\0\0\0'],
  ])('%s: random bytes after a signature', (format, start) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        complaint(() => readImageLayout(format, Buffer.concat([Buffer.from(start, 'latin1'), bytes])));
      }),
      { numRuns: 2000 },
    );
  });

  it('valid files with damaged bytes', () => {
    fc.assert(
      fc.property(damagedFile, ({ format, bytes }) => {
        complaint(() => readImageLayout(format, bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  it('valid files with damaged bytes, through the decoder', async () => {
    await fc.assert(
      fc.asyncProperty(damagedFile, async ({ bytes }) => {
        const decoded = await readHeader(bytes, 1e6)
          .then((header) => decodePixels(header, { background: 'white', timeoutMs: 60_000 }))
          .catch((error: Error) => error);
        if (decoded instanceof Error) expect(decoded.message).toMatch(reason);
        else expect(decoded.data).toHaveLength(decoded.width * decoded.height * 3);
      }),
      { numRuns: 1500 },
    );
  }, 120_000);
});

describe('TIFF', () => {
  /** A little-endian directory of entries of 12 bytes: tag, type, count, value. */
  function tiff(...entries: readonly (readonly [number, number, number, number])[]): Buffer {
    const bytes = Buffer.alloc(10 + 12 * entries.length + 4);
    bytes.write('II*\0\x08\0\0\0', 'latin1');
    bytes.writeUInt16LE(entries.length, 8);
    for (const [index, [tag, type, count, value]] of entries.entries()) {
      bytes.writeUInt16LE(tag, 10 + 12 * index);
      bytes.writeUInt16LE(type, 12 + 12 * index);
      bytes.writeUInt32LE(count, 14 + 12 * index);
      bytes.writeUInt32LE(value, 18 + 12 * index);
    }
    return bytes;
  }
  const rgb = [262, 3, 1, 2] as const;

  test.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.from('II*\0'), /^damaged: a TIFF whose directory lies outside/],
    ['a directory beyond the end', Buffer.from('II*\0\xff\xff\xff\xff', 'latin1'), /^damaged: a TIFF whose directory/],
    [
      'a directory of 65,535 tags',
      Buffer.from('II*\0\x08\0\0\0\xff\xff', 'latin1'),
      /^damaged: a TIFF directory of 65535/,
    ],
    ['BigTIFF, a directory of 2^63 tags', bigTiff(2n ** 63n), /^damaged: a TIFF directory of 9223372036854776000 tags/],
    [
      'a list of 2^32 - 1 values beyond the end',
      tiff([258, 3, 0xffffffff, 8], rgb),
      /^damaged: a TIFF whose (directory lies|tag 258 has values) outside/,
    ],
    ['an invalid type', tiff(rgb, [277, 99, 1, 3]), /^damaged: the TIFF tag 277 has the type 99/],
    ['no values', tiff([262, 3, 0, 2]), /^not an accepted image: a TIFF with samples of unknown colors/],
    [
      '65,535 samples',
      tiff(rgb, [258, 3, 1, 8], [277, 3, 1, 65535]),
      /^not an accepted image: a TIFF with 65535 samples/,
    ],
    [
      'subdirectories that contain each other',
      tiff(rgb, [330, 4, 1, 8]),
      /^not an accepted image: a TIFF with|^damaged/,
    ],
  ])('%s', (_, bytes, expected) => expect(complaint(() => readTiffSamples(bytes))).toMatch(expected));

  function bigTiff(count: bigint): Buffer {
    const bytes = Buffer.alloc(40);
    bytes.write('II+\0\x08\0\0\0\x10', 'latin1');
    bytes.writeBigUInt64LE(count, 16);
    return bytes;
  }
});

describe('HEIF', () => {
  const box = (type: string, content: Buffer, size = 8 + content.length) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(size);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, content]);
  };
  const full = (type: string, ...content: (Buffer | string)[]) =>
    box(type, Buffer.concat([Buffer.alloc(4), ...content.map((one) => Buffer.from(one as string, 'latin1'))]));
  const brand = box('ftyp', Buffer.from('avif\0\0\0\0'));
  const large = (type: string, size: bigint) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(size);
    return box(type, length, 1);
  };
  const primary = full('pitm', '\0\x01');
  const item = (id: number, type: string) =>
    box('infe', Buffer.from(`\x02\0\0\0\0${String.fromCharCode(id)}\0\0${type}\0`, 'latin1'));
  const items = (...types: string[]) =>
    full('iinf', Buffer.from([0, types.length]), ...types.map((type, index) => item(index + 1, type)));
  const still = (...boxes: Buffer[]) => Buffer.concat([brand, full('meta', ...boxes)]);
  const reference = (from: number, ...to: number[]) =>
    full('iref', box('dimg', Buffer.from([0, from, 0, to.length, ...to.flatMap((one) => [0, one])])));

  test.each<[string, Buffer, RegExp | undefined]>([
    ['AV1', still(primary, items('av01')), undefined],
    ['an empty box among the others', still(box('free', Buffer.alloc(0)), primary, items('av01')), undefined],
    ['bytes after the last box', Buffer.concat([still(primary, items('av01')), Buffer.alloc(11, 3)]), undefined],
    ['zeros after the last box', Buffer.concat([still(primary, items('av01')), Buffer.alloc(4000)]), undefined],
    [
      'a box to the end of the file',
      Buffer.concat([brand, still(primary, items('av01')).subarray(16), box('mdat', Buffer.alloc(9), 0)]),
      undefined,
    ],
    [
      'a box of 2^64 - 1 bytes',
      Buffer.concat([still(primary, items('av01')), large('mdat', 2n ** 64n - 1n)]),
      undefined,
    ],
    ['a box of 7 bytes', still(primary, box('iinf', Buffer.alloc(20), 7)), /^damaged: the box "iinf" has a size of 7/],
    ['a large box of 0 bytes', still(primary, large('iinf', 0n)), /^damaged: the box "iinf" has a size of 0 bytes/],
    ['a box with an odd name', still(primary, box('\n\x1b[m', Buffer.alloc(4), 3)), /^damaged: the box "\?\?\[m"/],
    [
      '30,000 boxes',
      Buffer.concat([brand, ...new Array(30_000).fill(box('free', Buffer.alloc(0)))]),
      /^damaged: more than 20000 boxes/,
    ],
    [
      'an image that consists of itself',
      still(primary, items('grid'), reference(1, 1)),
      /^damaged: the primary image consists of no other images/,
    ],
    [
      'a primary image that is not an item',
      still(primary, items()),
      /^damaged: the primary image, or a part of it, is not among/,
    ],
    [
      'a truncated list of references',
      still(primary, items('grid', 'av01'), full('iref', box('dimg', Buffer.from([0, 1, 0xff, 0xff, 0, 2])))),
      undefined,
    ],
    [
      'an item in a truncated box',
      still(primary, full('iinf', '\0\x01', box('infe', Buffer.from('\x02\0\0\0\0')))),
      /^damaged: a box that ends before/,
    ],
    [
      'a sequence without a still image',
      Buffer.concat([brand, box('moov', Buffer.alloc(0))]),
      /^not an accepted image: an image sequence or video without/,
    ],
    ['an unknown coding', still(primary, items('ab\x1bc')), /^not an accepted image: HEIF with "ab\?c", for which/],
    [
      'a grid of HEVC images',
      still(primary, items('grid', 'hvc1', 'hvc1'), reference(1, 2, 3)),
      /^not an accepted image: HEIC \(HEVC\)/,
    ],
  ])('%s', (_, bytes, expected) => {
    const message = complaint(() => readHeifItem(bytes));
    if (expected === undefined) expect(message).toBeUndefined();
    else expect(message).toMatch(expected);
  });

  it('nested derived images are visited once each', () => {
    // Each refers 200 times to the next: a naive traversal would make 200^4 visits.
    const types = ['grid', 'grid', 'grid', 'grid', 'av01'];
    const references = types.slice(0, -1).map((_, index) => {
      const parts = new Array(200).fill([0, index + 2]).flat();
      return box('dimg', Buffer.from([0, index + 1, 0, 200, ...parts]));
    });
    const bytes = still(primary, items(...types), full('iref', ...references));
    expect(complaint(() => readHeifItem(bytes))).toBeUndefined();
  });
});

describe('GIF', () => {
  const screen = 'GIF89a\x18\0\x10\0\0\0\0';
  test.each<[string, string, RegExp]>([
    ['no frame', `${screen};`, /^damaged: a GIF without a frame/],
    ['an extension that does not end', `${screen}!\xf9${'\xff'.repeat(300)}`, /^damaged: a GIF that ends before/],
    [
      'a color table that does not end',
      'GIF89a\x18\0\x10\0\xf7\0\0',
      /^damaged: a GIF that ends before its first frame/,
    ],
    ['a frame without pixels', `${screen},\0\0\0\0\x05\0\0\0\0`, /^damaged: a GIF whose first frame has 5 × 0 pixels/],
  ])('%s', (_, text, expected) => {
    expect(complaint(() => readGifLayout(Buffer.from(text, 'latin1')))).toMatch(expected);
  });

  it('a distant frame enlarges the canvas, which is rejected for its size', async () => {
    const frame = ',\xff\xff\xff\xff\x01\0\x01\0\0\x02\x02\x44\x01\0;';
    const bytes = Buffer.from(screen + frame, 'latin1');
    expect(readGifLayout(bytes)).toMatchObject({ width: 65_536, height: 65_536 });
    await expect(readHeader(bytes, 1e8)).rejects.toThrow(/^too large: |^damaged: /);
  });
});
