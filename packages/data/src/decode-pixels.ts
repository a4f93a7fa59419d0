/** Bytes of an image file → its pixels: the first frame, upright, RGB in sRGB, 8 bit, on a background. */
import sharp from 'sharp';
import { findCut } from './cut-file.ts';
import { formatOf, type ImageFormat } from './decode-format.ts';
import { decodableBytes, type ImageLayout, readImageLayout } from './image-layout.ts';
import { endsWithItsPixels } from './jpeg-ending.ts';
import { findLostPixels, findMissingScans } from './jpeg-integrity.ts';
import { type JpegHead, type JpegStructure, readJpegHead, readJpegStructure } from './jpeg-structure.ts';
import { requireAllPixels } from './lost-pixels.ts';
import { arrangeSamples } from './pixel-samples.ts';

// Every file is decoded once: a cache would only hold memory.
sharp.cache(false);
// Images are decoded side by side: threads within one would only wait for each other.
sharp.concurrency(1);

/** [height, width, 3], RGB 0 … 255 in sRGB. */
export interface RgbImage {
  data: Uint8Array;
  width: number;
  height: number;
}

/** What a file says of itself before anything of it is decoded. */
export interface ImageHeader {
  format: ImageFormat;
  width: number;
  height: number;
  /** What libvips does not say of its samples. */
  layout: ImageLayout;
  /** 16 bit with a color profile. */
  isDeepWithProfile: boolean;
  /** A gray profile that sharp applies only to 8 bit gray. */
  hasGreyProfile: boolean;
  /** What the decoder is given: the file, of a JPEG of several pictures the first, or a copy that libvips recognizes. */
  picture: Uint8Array;
  /** Of `picture`, where that is a JPEG. */
  jpeg: JpegHead | undefined;
}

/** Whether a text names a color, as CSS does: `white`, `#7f7f7f`, `rgb(127, 127, 127)`. */
export function isColor(text: string): boolean {
  try {
    sharp().flatten({ background: text });
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads a file's header.
 *
 * @throws Error of which the message says why the file is no usable image.
 */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  const format = formatOf(bytes);
  const layout = readImageLayout(format, bytes);
  const { picture, jpeg } =
    format === 'jpeg' ? firstPicture(bytes) : { picture: decodableBytes(bytes, layout), jpeg: undefined };
  // libvips' own limit would not say which size it met.
  const header = await sharp(picture, { limitInputPixels: false })
    .metadata()
    .catch((cause: Error) => {
      throw new Error(`damaged: ${findCut(format, picture) ?? 'the decoder cannot read its header'}`, { cause });
    });
  const { depth, hasProfile } = header;
  const width = Math.max(header.width, layout.gif?.width ?? 0);
  const height = Math.max(header.height, layout.gif?.height ?? 0);
  const isGrey = header.space === 'grey16' || layout.isMonochrome === true;
  // Of a canvas only the frame is in the file.
  const stored = layout.gif?.frame ?? { width, height };
  if (width * height > maxPixels)
    throw new Error(`too large: ${width} × ${height} by its header, at most ${maxPixels} pixels are decoded`);
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new Error(`not an accepted image: its values are of type ${depth}; save it with 8 or 16 bit`);
  // Some decoders take memory for all pixels before they miss the first.
  if (stored.width * stored.height > bytes.length * (maxPixelsPerByte[format] ?? Number.POSITIVE_INFINITY))
    throw new Error(
      `damaged: ${bytes.length} bytes cannot hold the ${stored.width} × ${stored.height} pixels of its header`,
    );
  return {
    format,
    width,
    height,
    layout,
    isDeepWithProfile: depth === 'ushort' && hasProfile && layout.lab === undefined,
    hasGreyProfile: isGrey && header.icc?.toString('latin1', 16, 20) === 'GRAY',
    picture,
    jpeg,
  };
}

/**
 * Decodes a file at its full size.
 *
 * @param options `background`: what shows through transparent pixels; `timeoutMs`: libvips is told to stop after it.
 * @throws Error of which the message says why the file is no usable image.
 */
export async function decodePixels(
  header: ImageHeader,
  { background, timeoutMs }: { background: string; timeoutMs: number },
): Promise<RgbImage> {
  await requireAllPixels(header.format, header.picture, header.layout);
  const decoded = await decode(header, timeoutMs);
  const { data, width, height, channels } = arrangeSamples({ data: decoded.data, ...decoded.info }, header.layout);
  if (channels === 3) return { data, width, height };
  // Not in the first pipeline: there a gray image would still be gray, and so would its background.
  const flat = await sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .flatten({ background })
    .raw()
    .toBuffer();
  return { data: flat, width, height };
}

// --- internal ---

/** What a format can pack at the very most; for the others there is no bound. */
const maxPixelsPerByte: Partial<Record<ImageFormat, number>> = {
  // 8 × 8 pixels take a bit or more.
  jpeg: 64 * 8,
  // Deflate repeats up to 258 bytes for 2 bits; a byte may be 8 pixels.
  png: 258 * 4 * 8,
  // LZW repeats less than 4096 pixels for 12 bits.
  gif: (4096 * 8) / 12,
};

/**
 * The bytes of a JPEG's first picture: where others follow, libvips might take another decoder, which does not say what it misses.
 *
 * @throws Error whose message says why the picture cannot be decoded.
 */
function firstPicture(bytes: Uint8Array): { picture: Uint8Array; jpeg: JpegHead } {
  const jpeg = readJpegHead(bytes);
  if (jpeg.isOneScan && !jpeg.hasOtherPictures) return { picture: bytes, jpeg };
  const structure = readJpegStructure(bytes);
  const missing = findMissingScans(structure);
  if (missing !== null) throw new Error(`damaged: ${missing}`);
  const picture = withEndMarker(bytes, structure);
  return { picture, jpeg: readJpegHead(picture) };
}

/** A picture up to its end marker, which is added where it is missing. */
function withEndMarker(bytes: Uint8Array, { end, hasEndMarker }: JpegStructure): Uint8Array {
  const picture = bytes.subarray(0, end);
  return hasEndMarker ? picture : Buffer.concat([picture, Buffer.from([0xff, 0xd9])]);
}

async function decode(header: ImageHeader, timeoutMs: number) {
  const run = (picture: Uint8Array, failOn: 'error' | 'warning') => {
    // L*a*b* needs no profile, and is not what sharp would apply it to.
    const ignoreIcc = header.layout.lab !== undefined;
    const image = sharp(picture, { failOn, limitInputPixels: header.width * header.height, ignoreIcc })
      .autoOrient()
      .toColourspace('srgb')
      .timeout({ seconds: Math.min(Math.ceil(timeoutMs / 1000), 3600) });
    // Of other gray images sharp ignores it.
    if (header.hasGreyProfile) image.pipelineColourspace('b-w');
    // sharp takes 16 bit with a profile to Display P3 and leaves it there, unless an output profile is named.
    return (header.isDeepWithProfile ? image.withIccProfile('srgb') : image)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  const { picture, jpeg } = header;
  if (jpeg === undefined) return orRefuse(header, timeoutMs, () => run(picture, 'error'));
  // libjpeg warns of lost pixels and of harmless oddities alike. Which it is, the file itself says.
  const decoding = run(picture, 'warning').catch(() => undefined);
  // While another thread decodes.
  const endsWell = !jpeg.isOneScan || endsWithItsPixels(picture, jpeg);
  const strict = await decoding;
  if (strict !== undefined && endsWell) return strict;
  const structure = readJpegStructure(picture);
  const lost = await findLostPixels(picture, structure);
  if (lost !== null) throw new Error(`damaged: ${lost}`);
  return strict ?? orRefuse(header, timeoutMs, () => run(withEndMarker(picture, structure), 'error'));
}

/** libvips keeps one error text for all images being decoded: it may be another image's, so that nothing may rest on it. */
async function orRefuse<Result>(
  { format, picture }: ImageHeader,
  timeoutMs: number,
  run: () => Promise<Result>,
): Promise<Result> {
  const startedAtMs = performance.now();
  return run().catch((cause: Error) => {
    if (performance.now() - startedAtMs >= timeoutMs)
      throw new Error(`slow: not decoded within ${timeoutMs} ms`, { cause });
    throw new Error(`damaged: ${findCut(format, picture) ?? 'the decoder refuses it'}`, { cause });
  });
}
