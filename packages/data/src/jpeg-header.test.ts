/** `readHeader` takes the header of an ordinary JPEG from its own bytes; libvips must agree with it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePixels, type ImageHeader, readHeader } from './decode-pixels.ts';
import { segmentStarts } from './jpeg-damage.fixture.ts';
import { readJpegHead } from './jpeg-structure.ts';

const photographs = fileURLToPath(new URL('../../../../shared/data/cats-vs-dogs/validation/', import.meta.url));

const [width, height] = [40, 24];
const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, index) => (index * 37) % 251));
const picture = () => sharp(pixels, { raw: { width, height, channels: 3 } });

/** A segment with a marker's code. */
function segment(code: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** Inserts bytes after a JPEG's start marker. */
const begunWith = (jpeg: Buffer, bytes: Buffer) => Buffer.concat([jpeg.subarray(0, 2), bytes, jpeg.subarray(2)]);

const plain = await picture().jpeg().toBuffer();
const comment = segment(0xfe, Buffer.from('a comment'));
/** Version 100, no flags, and a transform: 0 for RGB, 1 for YCbCr. */
const adobe = (transform: number) =>
  segment(0xee, Buffer.from([...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform]));
/** Little-endian, with the one tag 274: orientation 6. */
const exif = segment(
  0xe1,
  Buffer.from('457869660000 49492a0008000000 0100 1201 0300 01000000 06000000 00000000'.replaceAll(' ', ''), 'hex'),
);
const xmp = segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'));

/** What libvips reads from a header. */
async function readBySharp(bytes: Uint8Array) {
  const { width, height, orientation = 1, depth } = await sharp(bytes).metadata();
  return { width, height, orientation, isDeep: depth !== 'uchar' };
}

const seen = ({ width, height, orientation, isDeepWithProfile, hasGreyProfile }: ImageHeader) => ({
  header: { width, height, orientation, isDeep: isDeepWithProfile },
  hasGreyProfile,
});

async function reasonAgainst(bytes: Uint8Array): Promise<string | null> {
  try {
    await decodePixels(await readHeader(bytes, 1e6), { background: 'white', timeoutMs: 60_000 });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why the marker segments alone exclude a file. */
function ownReasonAgainst(bytes: Uint8Array): string | null {
  try {
    readJpegHead(bytes);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const isReadable = (bytes: Uint8Array) =>
  sharp(bytes, { limitInputPixels: false })
    .metadata()
    .then(
      () => true,
      () => false,
    );

describe('the header of a JPEG', () => {
  const made: [string, (image: Sharp) => Sharp][] = [
    ['4:2:0', (image) => image.jpeg()],
    ['4:4:4', (image) => image.jpeg({ chromaSubsampling: '4:4:4' })],
    ['progressive', (image) => image.jpeg({ progressive: true })],
    ['gray', (image) => image.toColourspace('b-w').jpeg()],
    ['CMYK', (image) => image.toColourspace('cmyk').jpeg()],
    ['a profile', (image) => image.withIccProfile('p3').jpeg()],
    ['a density', (image) => image.withDensity(300).jpeg()],
    ['no Exif data that turns it', (image) => image.withMetadata({ orientation: 1 }).jpeg()],
  ];
  it.each(made)('is what libvips reads: %s', async (_, make) => {
    const jpeg = await make(picture()).toBuffer();
    expect(seen(await readHeader(jpeg, 1e6))).toEqual({ header: await readBySharp(jpeg), hasGreyProfile: false });
  });

  it.each([
    ['a comment', comment, { isReadByDecoder: false, orientation: 1 }],
    ['an Adobe marker of RGB', adobe(0), { isReadByDecoder: false, orientation: 1 }],
    ['an Adobe marker of YCbCr', adobe(1), { isReadByDecoder: false, orientation: 1 }],
    ['XMP', xmp, { isReadByDecoder: true, orientation: 1 }],
    ['Exif data', exif, { isReadByDecoder: true, orientation: 6 }],
    ['Exif data after XMP', Buffer.concat([xmp, comment, exif]), { isReadByDecoder: true, orientation: 6 }],
  ])('is read by libvips only if it may have Exif data: %s', async (_, inserted, expected) => {
    const jpeg = begunWith(plain, inserted);
    const header = await readHeader(jpeg, 1e6);
    expect(header).toMatchObject(expected);
    expect(seen(header).header).toEqual(await readBySharp(jpeg));
  });

  it.skipIf(!existsSync(photographs))('is what libvips reads of photographs (skipped without ../shared)', async () => {
    for (const kind of ['cats', 'dogs'])
      for (const name of (await readdir(`${photographs}${kind}`)).slice(0, 100)) {
        const bytes = await readFile(`${photographs}${kind}/${name}`);
        expect(seen(await readHeader(bytes, 1e8)).header, name).toEqual(await readBySharp(bytes));
      }
  });
});

describe('a damaged header', () => {
  const reason = 'damaged: the decoder cannot read its header';

  it.each([
    ['a marker that does not exist', segment(0x30, Buffer.from('content'))],
    ['a restart interval of four bytes', segment(0xdd, Buffer.alloc(4))],
  ])('is refused although its pixels are complete: %s', async (_, inserted) => {
    const jpeg = begunWith(plain, inserted);
    expect((await readHeader(jpeg, 1e6)).isReadByDecoder).toBe(false);
    expect(await reasonAgainst(jpeg)).toBe(reason);
  });

  it.each([
    ['an unknown Adobe transform', adobe(7)],
    ['stray bytes', Buffer.concat([comment, Buffer.from([1, 2, 3])])],
  ])('is accepted where libjpeg only warns: %s', async (_, inserted) => {
    const jpeg = begunWith(plain, inserted);
    await expect(sharp(jpeg).raw().toBuffer()).rejects.toThrow();
    expect(await reasonAgainst(jpeg)).toBeNull();
  });

  it('is refused for its damage, not for its size', async () => {
    const jpeg = begunWith(plain, segment(0xdd, Buffer.alloc(4)));
    await expect(readHeader(jpeg, width * height - 1)).rejects.toThrow(reason);
    await expect(readHeader(plain, width * height - 1)).rejects.toThrow(`declares ${width} × ${height} pixels`);
  });

  it('is refused for the same reason as before the decoding', async () => {
    const scanStart = segmentStarts(plain).find((at) => plain[at + 1] === 0xda)!;
    let refusedCount = 0;
    for (let at = 2; at < scanStart; at += 1)
      for (const bit of [1, 128]) {
        const jpeg = Buffer.from(plain);
        jpeg[at]! ^= bit;
        if (ownReasonAgainst(jpeg) !== null || (await isReadable(jpeg))) continue;
        refusedCount += 1;
        expect(await reasonAgainst(jpeg), `byte ${at}, bit ${bit}`).toBe(reason);
      }
    expect(refusedCount).toBeGreaterThan(20);
  });
});
