/** Image files built byte by byte, for content that no encoder writes. */
import { deflateSync } from 'node:zlib';

const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export interface PngOptions {
  interlaced?: boolean;
  /** Uncompressed lines, each with its filter byte; default 200 zeros, which is too few for most sizes. */
  lines?: Buffer;
  /** An ICC profile. */
  profile?: Buffer;
}

/** Builds an 8-bit RGB PNG whose header declares a size, regardless of its data. */
export function pngBytes(width: number, height: number, options: PngOptions = {}): Buffer {
  const { interlaced = false, lines = Buffer.alloc(200), profile } = options;
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, interlaced ? 1 : 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    pngSignature,
    pngChunk('IHDR', header),
    ...(profile === undefined ? [] : [pngChunk('iCCP', Buffer.concat([Buffer.from('own\0\0'), deflateSync(profile)]))]),
    pngChunk('IDAT', deflateSync(lines)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Changes the size in a JPEG's frame header (SOF0 or SOF2). */
export function resizeJpegClaim(jpeg: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(jpeg);
  const start = jpegSegment(bytes, (marker) => marker === 0xc0 || marker === 0xc2);
  bytes.writeUInt16BE(height, start + 5);
  bytes.writeUInt16BE(width, start + 7);
  return bytes;
}

/** Changes the size of a GIF's screen and first frame. */
export function resizeGifClaim(gif: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(gif);
  const frame = bytes.indexOf(Buffer.from([0x2c, 0, 0, 0, 0]));
  for (const start of [6, frame + 5]) {
    bytes.writeUInt16LE(width, start);
    bytes.writeUInt16LE(height, start + 2);
  }
  return bytes;
}

/** Changes the size of a lossless WebP, at most 16,384 × 16,384. */
export function resizeWebpClaim(webp: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(webp);
  const start = bytes.indexOf('VP8L') + 9;
  const flags = bytes.readUInt32LE(start) & 0xf0000000;
  bytes.writeUInt32LE((flags | (width - 1) | ((height - 1) << 14)) >>> 0, start);
  return bytes;
}

/** Changes the size of a little-endian TIFF, in the tags 256 and 257 of its first directory. */
export function resizeTiffClaim(tiff: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(tiff);
  const directory = bytes.readUInt32LE(4);
  for (let index = 0; index < bytes.readUInt16LE(directory); index += 1) {
    const entry = directory + 2 + 12 * index;
    const tag = bytes.readUInt16LE(entry);
    if (tag !== 256 && tag !== 257) continue;
    bytes.writeUInt16LE(4, entry + 2);
    bytes.writeUInt32LE(tag === 256 ? width : height, entry + 8);
  }
  return bytes;
}

/** Changes the size of an AVIF, in its property `ispe`. */
export function resizeAvifClaim(avif: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(avif);
  const start = bytes.indexOf('ispe');
  bytes.writeUInt32BE(width, start + 8);
  bytes.writeUInt32BE(height, start + 12);
  return bytes;
}

/** Inserts stray bytes before a JPEG's end marker; decoders warn and continue. */
export function withStrayBytes(jpeg: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, -2), Buffer.from([0x11, 0x22, 0x33]), jpeg.subarray(-2)]);
}

/** A PNG of one color in Adobe RGB (1998), with the matching profile. */
export function adobeRgbPng(side: number, color: readonly [number, number, number]): Buffer {
  const line = Buffer.from([0, ...Array.from({ length: side }, () => color).flat()]);
  return pngBytes(side, side, { lines: Buffer.concat(new Array(side).fill(line)), profile: adobeRgbProfile() });
}

/** A little-endian TIFF of one gray 32-bit floating-point channel, all 0.5. */
export function floatTiff(side: number): Buffer {
  const byteCount = side * side * 4;
  const entries = [
    [256, side],
    [257, side],
    [258, 32],
    [259, 1],
    // Black is 0.
    [262, 1],
    [273, 8],
    [277, 1],
    [278, side],
    [279, byteCount],
    // IEEE floating point.
    [339, 3],
  ] as const;
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(8 + byteCount, 4);
  const pixels = Buffer.from(new Float32Array(side * side).fill(0.5).buffer);
  const directory = Buffer.alloc(2 + 12 * entries.length + 4);
  directory.writeUInt16LE(entries.length);
  for (const [index, [tag, value]] of entries.entries()) {
    directory.writeUInt16LE(tag, 2 + 12 * index);
    directory.writeUInt16LE(4, 4 + 12 * index);
    directory.writeUInt32LE(1, 6 + 12 * index);
    directory.writeUInt32LE(value, 10 + 12 * index);
  }
  return Buffer.concat([header, pixels, directory]);
}

// --- internal ---

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const crc = body.reduce((value, byte) => crcTable[(value ^ byte) & 255]! ^ (value >>> 8), 0xffffffff);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(~crc >>> 0);
  return Buffer.concat([length, body, check]);
}

function jpegSegment(bytes: Buffer, is: (marker: number) => boolean): number {
  let start = 2;
  while (!is(bytes[start + 1]!)) start += 2 + bytes.readUInt16BE(start + 2);
  return start;
}

/** ICC.1:2001, a matrix profile; primaries adapted to D50 as in Adobe RGB (1998), version 2005-05, 4.3.6.1. */
function adobeRgbProfile(): Buffer {
  const tags: [string, Buffer][] = [
    ['desc', Buffer.concat([Buffer.from('desc\0\0\0\0\0\0\0\x04own\0', 'latin1'), Buffer.alloc(78)])],
    ['cprt', Buffer.from('text\0\0\0\0none\0\0\0\0', 'latin1')],
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ['rXYZ', xyz(0.60974, 0.31111, 0.01947)],
    ['gXYZ', xyz(0.20528, 0.62567, 0.06087)],
    ['bXYZ', xyz(0.14919, 0.06322, 0.74457)],
    // A curve with one value is a gamma, 563 / 256.
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [
      name,
      Buffer.from('curv\0\0\0\0\0\0\0\x01\x02\x33\0\0', 'latin1'),
    ]),
  ];
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length);
  let offset = 128 + table.length;
  for (const [index, [name, data]] of tags.entries()) {
    table.write(name, 4 + 12 * index, 'latin1');
    table.writeUInt32BE(offset, 8 + 12 * index);
    table.writeUInt32BE(data.length, 12 + 12 * index);
    offset += data.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset);
  header.writeUInt32BE(0x02100000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  xyz(0.9642, 1, 0.8249).copy(header, 68, 8);
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}

function xyz(...values: number[]): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.write('XYZ ', 'latin1');
  for (const [index, value] of values.entries()) bytes.writeInt32BE(Math.round(value * 65536), 8 + 4 * index);
  return bytes;
}
