/** Reads the meaning of the samples of a TIFF's first image: which ones are colors, and which one is opacity. */
import type { LabCoding } from './lab.ts';
import { TiffTags } from './tiff-tags.ts';
import { defaultYcbcr, type YcbcrCoding } from './ycbcr.ts';

export interface TiffSamples {
  alpha: number | 'none' | 'last';
  ycbcr?: YcbcrCoding;
  /** With `patch`, which declares the colors RGB, libvips returns L*, a* and b* unchanged. */
  lab?: LabCoding;
  patch?: { at: number; bytes: readonly number[] };
}

const tags = {
  bits: 258,
  compression: 259,
  photometric: 262,
  samples: 277,
  planar: 284,
  tileWidth: 322,
  subDirectories: 330,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  lumaCoefficients: 529,
  subsampling: 530,
  referenceBlackWhite: 532,
  profile: 34675,
  dngVersion: 50706,
} as const;

/** Compressions for which the bundled libvips has a decoder that reports lost pixels. */
const compressions = new Set([1, 3, 4, 5, 7, 8, 32773, 32946]);
const refusedCompressions: Record<number, string> = {
  2: 'modified Huffman compression, whose decoder does not report lost lines',
  6: 'old-style JPEG compression',
  9: 'JBIG compression',
  10: 'JBIG compression',
  32771: 'modified Huffman compression, whose decoder does not report lost lines',
  33003: 'JPEG 2000 compression',
  33004: 'JPEG 2000 compression',
  33005: 'JPEG 2000 compression',
  34661: 'JBIG compression',
  34676: 'LogLuv compression',
  34677: 'LogLuv compression',
  34712: 'JPEG 2000 compression',
  34887: 'LERC compression',
  34892: 'lossy JPEG compression of DNG',
  34925: 'LZMA compression',
  34926: 'Zstandard compression',
  50000: 'Zstandard compression',
  50001: 'WebP compression',
  50002: 'JPEG XL compression',
};

/** The number of color samples, by photometric interpretation. */
const colors: Record<number, number> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3 };
const refusedColors: Record<number, string> = {
  4: 'a transparency mask',
  10: 'colors in ITU L*a*b*',
  32803: 'camera raw data',
  32844: 'colors in LogL',
  32845: 'colors in LogLuv',
  34892: 'camera raw data',
};

const formats: Record<number, string> = { 2: 'signed integers', 3: 'floating-point', 5: 'complex', 6: 'complex' };

/** sharp's limit. */
const maxSamples = 5;

/**
 * Reads what a TIFF's samples mean.
 *
 * @throws Error whose message says what is unsupported or contradictory.
 */
export function readTiffSamples(bytes: Uint8Array): TiffSamples {
  const directory = new TiffTags(bytes);
  const one = (tag: number, missing: number) => directory.numbers(tag, [missing])[0] ?? missing;
  requireNoCameraRaw(bytes, directory);

  const [photometric] = directory.numbers(tags.photometric);
  if (photometric === undefined) throw refusal('samples of unknown colors (tag 262 is missing)');
  const colorCount = colors[photometric];
  if (colorCount === undefined)
    throw refusal(refusedColors[photometric] ?? `the unknown photometric interpretation ${photometric}`);
  const compression = one(tags.compression, 1);
  if (!compressions.has(compression))
    throw refusal(refusedCompressions[compression] ?? `the unknown compression ${compression}`);
  if (photometric === 5 && one(tags.inkSet, 1) !== 1) throw refusal('inks other than CMYK');
  const sampleCount = one(tags.samples, 1);
  const isPlanar = one(tags.planar, 1) === 2;
  if (isPlanar && directory.has(tags.tileWidth)) throw refusal('tiles in separate planes');

  // In JPEG data these colors are already YCbCr.
  if (compression === 7 && photometric > 7) throw refusal('JPEG compression of L*a*b* colors');
  const bits = bitsOf(directory, sampleCount);
  if (sampleCount > maxSamples) throw refusal(`${sampleCount} samples per pixel, at most ${maxSamples} are read`);
  const alpha = alphaOf(directory, photometric, sampleCount, colorCount);
  if (photometric === 8 || photometric === 9) {
    const lab = { isSigned: photometric === 8, isDeep: bits === 16 };
    return { alpha, lab, patch: directory.replacement(tags.photometric, 2) };
  }
  if (photometric !== 6 || compression === 7) return { alpha };
  const ycbcr = ycbcrOf(directory, sampleCount, bits, isPlanar);
  // For subsampled colors, libvips lets libtiff convert, which adds opaque alpha.
  return ycbcr === undefined ? { alpha: 'none' } : { alpha, ycbcr };
}

// --- internal ---

const refusal = (what: string) =>
  new Error(`not an accepted image: a TIFF with ${what}; save it as 8 or 16 bit RGB, or as PNG`);

/** Rejects camera raw files, which are TIFFs whose first image is a preview. */
function requireNoCameraRaw(bytes: Uint8Array, directory: TiffTags): void {
  const isRaw =
    directory.has(tags.dngVersion) ||
    Buffer.from(bytes.subarray(8, 11)).toString('latin1') === 'CR\x02' ||
    directory.numbers(tags.subDirectories).some((offset) => {
      const photometric = photometricAt(bytes, offset);
      return photometric === 32803 || photometric === 34892;
    });
  if (isRaw)
    throw new Error('not an accepted image: camera raw data (CR2, DNG, NEF or similar); convert it to JPEG or PNG');
}

/** Undefined if the offset has no directory: only the first directory is decoded, so others may be missing. */
function photometricAt(bytes: Uint8Array, offset: number): number | undefined {
  try {
    return new TiffTags(bytes, offset).numbers(tags.photometric)[0];
  } catch {
    return undefined;
  }
}

function bitsOf(directory: TiffTags, sampleCount: number): number {
  const all = directory.numbers(tags.bits, [1]);
  const bits = all[0] ?? 1;
  if (all.some((other) => other !== bits)) throw refusal(`samples of ${all.join(', ')} bit`);
  const format = directory.numbers(tags.sampleFormat, [1]).find((one) => formats[one] !== undefined);
  if (format !== undefined) throw refusal(`values of ${bits} bit, ${formats[format]}`);
  if (bits !== 8 && bits !== 16 && !(sampleCount === 1 && [1, 2, 4].includes(bits)))
    throw refusal(`${sampleCount === 1 ? 'values' : `${sampleCount} values per pixel`} of ${bits} bit`);
  return bits;
}

/** TIFF 6.0, section 18: 0 is unspecified, 1 associated and 2 unassociated alpha. Corel Draw writes 999 for alpha. */
function alphaOf(
  directory: TiffTags,
  photometric: number,
  sampleCount: number,
  colorCount: number,
): TiffSamples['alpha'] {
  if (sampleCount < colorCount)
    throw new Error(`damaged: a TIFF with ${sampleCount} samples per pixel, where its colors take ${colorCount}`);
  const extraCount = sampleCount - colorCount;
  if (extraCount === 0) return 'none';
  // Many programs write RGBA without the tag; Pillow also treats it as alpha.
  if (!directory.has(tags.extraSamples) && photometric === 2 && extraCount === 1) return 0;
  const kinds = directory.numbers(tags.extraSamples);
  if (kinds.length !== extraCount)
    throw refusal(
      `${sampleCount} samples per pixel, of which ${colorCount} are colors and ${kinds.length} are described (tag 338)`,
    );
  const unknown = kinds.find((kind) => ![0, 1, 2, 999].includes(kind));
  if (unknown !== undefined) throw refusal(`an extra sample of the unknown kind ${unknown}`);
  const index = kinds.findIndex((kind) => kind !== 0);
  if (index === -1) return 'none';
  if (kinds[index] !== 1) return index;
  // libvips divides by the last sample before it inverts the colors.
  if (extraCount > 1) throw refusal('associated alpha and other extra samples');
  if (photometric === 0) throw refusal('associated alpha where white is 0');
  if (photometric > 7) throw refusal('associated alpha and L*a*b* colors');
  return index;
}

/** Undefined if the colors are subsampled. */
function ycbcrOf(directory: TiffTags, sampleCount: number, bits: number, isPlanar: boolean): YcbcrCoding | undefined {
  if (bits !== 8) throw refusal(`YCbCr colors of ${bits} bit`);
  if (isPlanar) throw refusal('YCbCr colors in separate planes');
  if (sampleCount !== 3) throw refusal('YCbCr colors and extra samples');
  // The default is 2 × 2, but files without the tag usually are not subsampled.
  if (!directory.has(tags.subsampling)) throw refusal('YCbCr colors of unknown subsampling (tag 530 is missing)');
  if (directory.numbers(tags.subsampling).some((factor) => factor !== 1)) return undefined;
  if (directory.has(tags.profile)) throw refusal('YCbCr colors and a color profile');
  const [red, green, blue] = directory.numbers(tags.lumaCoefficients, defaultYcbcr.luma);
  const range = directory.numbers(tags.referenceBlackWhite, defaultYcbcr.range);
  const luma = [red!, green!, blue!] as const;
  const isUsable = range.length === 6 && [0, 2, 4].every((at) => range[at] !== range[at + 1]);
  if (!isUsable || !luma.every((share) => share > 0 && share < 1) || !range.every(Number.isFinite))
    throw new Error('damaged: a TIFF whose YCbCr coefficients or reference values are unusable');
  return { luma, range };
}
