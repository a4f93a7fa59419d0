import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { findCut } from './cut-file.ts';
import { decodePixels, readHeader } from './decode-pixels.ts';

const image = () =>
  sharp(
    Buffer.from(Array.from({ length: 90 * 70 * 3 }, (_, index) => (Math.imul(index, 2_654_435_761) >>> 20) & 255)),
    { raw: { width: 90, height: 70, channels: 3 } },
  );

describe('findCut', () => {
  it.each<['png' | 'webp' | 'heif' | 'tiff', Sharp]>([
    ['png', image().png()],
    ['webp', image().webp()],
    ['webp', image().webp({ lossless: true })],
    ['heif', image().avif()],
    ['tiff', image().tiff({ compression: 'lzw' })],
    ['tiff', image().tiff({ compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 32 })],
  ])('of a %s gives the position of the cut as the reason', async (format, picture) => {
    const bytes = await picture.toBuffer();
    expect(findCut(format, bytes)).toBeNull();
    expect(findCut(format, Buffer.concat([bytes, Buffer.alloc(30)]))).toBeNull();
    for (const share of [0.3, 0.7, 0.95]) {
      const cut = bytes.subarray(0, Math.floor(share * bytes.length));
      const decoded = readHeader(cut, 1e8).then((header) =>
        decodePixels(header, { background: 'white', timeoutMs: 60_000 }),
      );
      // sharp writes a TIFF's directory at the end; without it, the length is unknown.
      await expect(decoded).rejects.toThrow(
        format === 'tiff'
          ? /^damaged: a TIFF whose directory lies outside of the file$/
          : new RegExp(`^damaged: it ends after ${cut.length} of at least \\d+ bytes$`),
      );
    }
  });

  it('of a TIFF that starts with its directory gives the position of the cut', async () => {
    // A directory at 8: width, height, bits, compression, colors, offset, rows and size of one strip.
    const entries = [
      [256, 10],
      [257, 10],
      [258, 8],
      [259, 5],
      [262, 1],
      [273, 200],
      [278, 10],
      [279, 500],
    ] as const;
    const bytes = Buffer.alloc(300);
    bytes.write('II*\0\x08\0\0\0', 'latin1');
    bytes.writeUInt16LE(entries.length, 8);
    for (const [index, [tag, value]] of entries.entries()) {
      bytes.writeUInt16LE(tag, 10 + 12 * index);
      bytes.writeUInt16LE(4, 12 + 12 * index);
      bytes.writeUInt32LE(1, 14 + 12 * index);
      bytes.writeUInt32LE(value, 18 + 12 * index);
    }
    expect(findCut('tiff', bytes)).toBe('it ends after 300 of at least 700 bytes');
  });

  it('terminates on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom('png', 'webp', 'heif', 'gif', 'jpeg'), fc.uint8Array(), (format, bytes) => {
        const cut = findCut(format, bytes);
        if (cut !== null) expect(cut).toMatch(/^it ends after \d+ of at least \d+ bytes$/);
      }),
    );
  });
});
