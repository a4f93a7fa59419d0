/** Detects incomplete strips or tiles of a TIFF that libvips does not report. */
import { setImmediate } from 'node:timers/promises';
import { findLostPixels } from './jpeg-integrity.ts';
import { readJpegStructure } from './jpeg-structure.ts';
import { TiffTags } from './tiff-tags.ts';

const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planar: 284,
  tileOffsets: 324,
  tileByteCounts: 325,
  jpegTables: 347,
} as const;

/**
 * Detects lost pixels of a TIFF's first image: uncompressed strips that end early, and damaged JPEG data.
 *
 * @returns what is lost; null if nothing is.
 */
export async function findLostTiffPixels(bytes: Uint8Array): Promise<string | null> {
  const directory = new TiffTags(bytes);
  const [compression = 1] = directory.numbers(tags.compression);
  if (compression === 7) return findLostJpegPixels(bytes, directory);
  return compression === 1 ? findShortStrip(bytes, directory) : null;
}

/** The minimum length of a TIFF, from the offsets of its strips or tiles. */
export function tiffLength(bytes: Uint8Array): number {
  const { offsets, counts } = strips(new TiffTags(bytes));
  return offsets.reduce((length, offset, index) => Math.max(length, offset + (counts[index] ?? 0)), 0);
}

// --- internal ---

/** Offsets and byte counts of the strips or tiles. */
function strips(directory: TiffTags): { isTiled: boolean; offsets: number[]; counts: number[] } {
  const isTiled = directory.has(tags.tileOffsets);
  return {
    isTiled,
    offsets: directory.list(isTiled ? tags.tileOffsets : tags.stripOffsets),
    counts: directory.list(isTiled ? tags.tileByteCounts : tags.stripByteCounts),
  };
}

/** Every strip or tile is a JPEG; the tables may be in a tag shared by all. */
async function findLostJpegPixels(bytes: Uint8Array, directory: TiffTags): Promise<string | null> {
  const { isTiled, offsets, counts } = strips(directory);
  // Otherwise a small file could have the same data checked endlessly.
  if (counts.reduce((sum, count) => sum + count, 0) > bytes.length) return 'its strips or tiles overlap';
  const tables = Uint8Array.from(directory.list(tags.jpegTables));
  for (const [index, offset] of offsets.entries()) {
    const stream = bytes.subarray(offset, offset + (counts[index] ?? 0));
    // Without the end marker of the tables and the start marker of the stream.
    const jpeg = tables.length < 4 ? stream : Buffer.concat([tables.subarray(0, -2), stream.subarray(2)]);
    // There may be thousands of strips or tiles.
    await setImmediate();
    const lost = await findLostPixels(jpeg, readJpegStructure(jpeg));
    if (lost !== null) return `${isTiled ? 'tile' : 'strip'} ${index + 1} of ${offsets.length}: ${lost}`;
  }
  return null;
}

/** libtiff reads past the end of a short strip, into the following bytes. Byte counts alone may be wrong. */
function findShortStrip(bytes: Uint8Array, directory: TiffTags): string | null {
  const one = (tag: number, missing: number) => directory.numbers(tag)[0] ?? missing;
  // libvips reports short tiles; the size of subsampled strips is computed differently.
  if (directory.has(tags.tileOffsets) || one(tags.photometric, 0) === 6) return null;
  const height = one(tags.height, 0);
  const rowsPerStrip = Math.min(one(tags.rowsPerStrip, height), height);
  const samples = one(tags.planar, 1) === 2 ? 1 : one(tags.samples, 1);
  const rowBytes = Math.ceil((one(tags.width, 0) * samples * one(tags.bits, 1)) / 8);
  const stripsOfPlane = Math.ceil(height / rowsPerStrip);
  for (const [index, offset] of directory.list(tags.stripOffsets).entries()) {
    const rows = Math.min(rowsPerStrip, height - (index % stripsOfPlane) * rowsPerStrip);
    const end = offset + rows * rowBytes;
    if (end > bytes.length || (offset < directory.offset && directory.offset < end))
      return `strip ${index + 1} has fewer than its ${rows * rowBytes} bytes`;
  }
  return null;
}
