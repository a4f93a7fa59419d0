import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { decodePixels, readHeader } from './decode-pixels.ts';
import { readGifLayout } from './gif-layout.ts';
import { countGifPixels } from './gif-pixels.ts';
import { TiffTags } from './tiff-tags.ts';

const decode = async (bytes: Uint8Array) =>
  decodePixels(await readHeader(bytes, 1e8), { background: 'white', timeoutMs: 60_000 });

/** Noise, so that all rows differ and the code tables fill up. */
function noise(width: number, height: number, levels = 256) {
  let state = width * 7919 + height;
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * levels) * Math.floor(256 / levels);
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** The data of the first frame: the bytes before its code size, its blocks, and the rest. */
function gifBlocks(gif: Buffer): { before: Buffer; blocks: Buffer[]; after: Buffer } {
  const { dataStart } = readGifLayout(gif);
  const blocks: Buffer[] = [];
  let at = dataStart + 1;
  for (; gif[at] !== 0; at += 1 + gif[at]!) blocks.push(gif.subarray(at, at + 1 + gif[at]!));
  return { before: gif.subarray(0, dataStart + 1), blocks, after: gif.subarray(at) };
}

describe('GIF', () => {
  test.each([
    [1, 1, 2],
    [3, 2, 2],
    [64, 64, 2],
    [200, 150, 2],
    [200, 150, 4],
    [300, 300, 256],
    [1000, 700, 3],
  ])('every pixel of %i × %i in noise of %i levels is counted', async (width, height, levels) => {
    const gif = await noise(width, height, levels).gif({ dither: 0 }).toBuffer();
    const { dataStart } = readGifLayout(gif);
    expect(await countGifPixels(gif, dataStart, width * height + 1)).toBe(width * height);
    await expect(decode(gif)).resolves.toMatchObject({ width, height });
  });

  it('is rejected when blocks are missing, even if the file ends correctly', async () => {
    const gif = await noise(160, 120).gif().toBuffer();
    const { before, blocks, after } = gifBlocks(gif);
    expect(blocks.length).toBeGreaterThan(20);
    await expect(decode(Buffer.concat([before, ...blocks, after]))).resolves.toMatchObject({ width: 160 });
    for (const kept of [0, 1, Math.floor(blocks.length / 2), blocks.length - 1])
      await expect(decode(Buffer.concat([before, ...blocks.slice(0, kept), after]))).rejects.toThrow(
        /^damaged: a GIF whose first frame has \d+ of its 19200 pixels$/,
      );
  });

  it('is not rejected for later frames, which are not used', async () => {
    const raw = await Promise.all([noise(60, 40).raw().toBuffer(), noise(60, 40, 3).raw().toBuffer()]);
    const gif = await sharp(Buffer.concat(raw), { raw: { width: 60, height: 80, channels: 3, pageHeight: 40 } })
      .gif({ delay: [50, 50] })
      .toBuffer();
    const whole = await decode(gif);
    expect(await decode(Buffer.concat([gif.subarray(0, -60), Buffer.from([0, 0x3b])]))).toEqual(whole);
  });
});

describe('TIFF', () => {
  /** Changes the first strip or tile of the file. */
  async function withStrip(tiff: Buffer, change: (strip: Buffer) => void): Promise<Buffer> {
    const bytes = Buffer.from(tiff);
    const directory = new TiffTags(bytes);
    const [offset, count] = directory.has(324)
      ? [directory.list(324)[0]!, directory.list(325)[0]!]
      : [directory.list(273)[0]!, directory.list(279)[0]!];
    change(bytes.subarray(offset, offset + count));
    return bytes;
  }

  describe.each([
    ['strips', {}],
    ['tiles', { tile: true, tileWidth: 64, tileHeight: 64 }],
  ])('with JPEG compression in %s', (_, options) => {
    const whole = () =>
      noise(160, 120)
        .tiff({ compression: 'jpeg', quality: 80, ...options })
        .toBuffer();

    it('is accepted', async () => {
      await expect(decode(await whole())).resolves.toMatchObject({ width: 160, height: 120 });
    });

    it.each<[string, (strip: Buffer) => void]>([
      ['is truncated', (strip) => strip.fill(0xff, strip.length >> 1)],
      ['is truncated and has an end marker', (strip) => Buffer.from([0xff, 0xd9]).copy(strip, strip.length >> 1)],
      ['contains end markers', (strip) => strip.fill(Buffer.from([0xff, 0xd9]), strip.length >> 1)],
    ])('is rejected when its data %s', async (_, change) => {
      await expect(decode(await withStrip(await whole(), change))).rejects.toThrow(
        /^damaged: (strip|tile) 1 of \d+: ./,
      );
    });
  });

  it('without compression is rejected when its last strip overlaps the directory', async () => {
    const tiff = await noise(40, 30).tiff({ compression: 'none' }).toBuffer();
    await expect(decode(tiff)).resolves.toMatchObject({ width: 40 });
    const directory = new TiffTags(tiff);
    const [offset] = directory.list(273);
    const moved = Buffer.from(tiff);
    for (let at = directory.offset; at < moved.length - 12; at += 1)
      // The tag of the strips' offsets: past the middle of the file, a whole strip does not fit.
      if (moved.readUInt16LE(at) === 273 && moved.readUInt32LE(at + 8) === offset) {
        moved.writeUInt32LE(directory.offset - 100, at + 8);
        break;
      }
    await expect(decode(moved)).rejects.toThrow(/^damaged: strip 1 has fewer than its 3600 bytes$/);
  });

  it('is rejected when its strips overlap, which would decode the same data repeatedly', async () => {
    const tiff = await noise(64, 64)
      .tiff({ compression: 'jpeg', tile: true, tileWidth: 16, tileHeight: 16 })
      .toBuffer();
    const directory = new TiffTags(tiff);
    const counts = directory.list(325);
    // Consecutive 16-bit numbers.
    const at = tiff.indexOf(Buffer.from(Uint16Array.from(counts.slice(0, 8)).buffer));
    expect(at).toBeGreaterThan(0);
    const bytes = Buffer.from(tiff);
    bytes.writeUInt16LE(0xffff, at);
    await expect(decode(bytes)).rejects.toThrow('damaged: its strips or tiles overlap');
  });
});
