/** Decodes an image file to pixels: first frame, upright, 8-bit sRGB, on a background color. */
import sharp, { type Metadata } from 'sharp';
import { findCut } from './cut-file.ts';
import { formatOf, type ImageFormat } from './decode-format.ts';
import { decodableBytes, type ImageLayout, readImageLayout } from './image-layout.ts';
import { endsWithItsPixels } from './jpeg-ending.ts';
import { findLostPixels, findMissingScans } from './jpeg-integrity.ts';
import { type JpegHead, type JpegStructure, readJpegHead, readJpegStructure } from './jpeg-structure.ts';
import { requireAllPixels } from './lost-pixels.ts';
import { arrangeSamples } from './pixel-samples.ts';
import type { RgbImage } from './rgb-image.ts';
import { type ShrunkSize, shrunkSizeOf } from './shrink-on-load.ts';

// Every file is decoded once, so a cache would only occupy memory.
sharp.cache(false);
// Images are decoded in parallel, so threads within one image would only contend.
sharp.concurrency(1);

/** The properties of a file, read before any pixel is decoded. */
export interface ImageHeader {
  format: ImageFormat;
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8. */
  orientation: number;
  /** Sample properties that libvips does not report. */
  layout: ImageLayout;
  /** Whether it has 16-bit samples and a color profile. */
  isDeepWithProfile: boolean;
  /** Whether it has a gray profile, which sharp applies only to 8-bit gray. */
  hasGreyProfile: boolean;
  /** The decoder's input: the file, the first picture of a JPEG file, or a copy that libvips recognizes. */
  picture: Uint8Array;
  /** The header of `picture`, if that is a JPEG. */
  jpeg: JpegHead | undefined;
  /** Whether libvips has accepted the header; otherwise, decoding finds out. */
  isReadByDecoder: boolean;
}

/**
 * Reads a file's header.
 *
 * @throws Error whose message says why the file is not a usable image.
 */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  const format = formatOf(bytes);
  const layout = readImageLayout(format, bytes);
  const { picture, jpeg } =
    format === 'jpeg' ? firstPicture(bytes) : { picture: decodableBytes(bytes, layout), jpeg: undefined };
  const known = jpeg === undefined ? undefined : headerWithoutExif(jpeg);
  const header = known ?? (await readByDecoder(format, picture));
  const { depth, hasProfile } = header;
  const width = Math.max(header.width, layout.gif?.width ?? 0);
  const height = Math.max(header.height, layout.gif?.height ?? 0);
  const isGrey = header.space === 'grey16' || layout.isMonochrome === true;
  // A file stores only the frame, not the canvas.
  const stored = layout.gif?.frame ?? { width, height };
  const refusal = refusalOf({ format, width, height, depth, stored, byteCount: bytes.length }, maxPixels);
  if (refusal !== null) {
    // A damaged header is reported before what it declares.
    if (known !== undefined) await readByDecoder(format, picture);
    throw new Error(refusal);
  }
  return {
    format,
    width,
    height,
    orientation: header.orientation ?? 1,
    layout,
    isDeepWithProfile: depth === 'ushort' && hasProfile === true && layout.lab === undefined,
    hasGreyProfile: isGrey && header.icc?.toString('latin1', 16, 20) === 'GRAY',
    picture,
    jpeg,
    isReadByDecoder: known === undefined,
  };
}

/**
 * Returns the size at which an image can be decoded instead of its full size.
 *
 * @param largestSquare side of the largest square that it is resized to, pixels.
 * @returns undefined for other formats than JPEG and for small images, which are decoded at full size.
 */
export function shrunkSize(header: ImageHeader, largestSquare: number): ShrunkSize | undefined {
  return header.jpeg === undefined ? undefined : shrunkSizeOf(header, largestSquare);
}

/**
 * Decodes a file.
 *
 * @param options `background`: the color behind transparent pixels; `timeoutMs`: the time after which libvips stops; `shrunk`: the
 * result of {@link shrunkSize}, or undefined for full size.
 * @throws Error whose message says why the file is not a usable image.
 */
export async function decodePixels(
  header: ImageHeader,
  { background, timeoutMs, shrunk }: { background: string; timeoutMs: number; shrunk?: ShrunkSize | undefined },
): Promise<RgbImage> {
  await requireAllPixels(header.format, header.picture, header.layout);
  const decoded = await decode(header, timeoutMs, shrunk);
  const { data, width, height, channels } = arrangeSamples({ data: decoded.data, ...decoded.info }, header.layout);
  if (channels === 3) return { data, width, height, ...(shrunk === undefined ? {} : { box: shrunk.box }) };
  // A separate pipeline: in the first one a gray image would still be gray, and so would its background.
  const flat = await sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .flatten({ background })
    .raw()
    .toBuffer();
  return { data: flat, width, height };
}

// --- internal ---

/** What `readHeader` needs of what libvips reads from a header. */
type DecoderHeader = Pick<Metadata, 'width' | 'height' | 'depth'> &
  Partial<Pick<Metadata, 'space' | 'hasProfile' | 'icc' | 'orientation'>>;

/** @throws Error whose message says why libvips does not accept the header. */
function readByDecoder(format: ImageFormat, picture: Uint8Array): Promise<DecoderHeader> {
  // The error from libvips' own limit would not state the size.
  return sharp(picture, { limitInputPixels: false })
    .metadata()
    .catch((cause: Error) => {
      throw new Error(`damaged: ${findCut(format, picture) ?? 'the decoder cannot read its header'}`, { cause });
    });
}

/**
 * What libvips would read from a JPEG's header, without its reading it: that takes a tenth of the time of decoding a small file.
 * Its color space and profile are omitted, because they matter only for samples of 16 bits.
 *
 * @returns undefined if the header may have Exif data, which libvips reads.
 */
function headerWithoutExif({ frame: { width, height }, mayHaveExif }: JpegHead): DecoderHeader | undefined {
  return mayHaveExif ? undefined : { width, height, depth: 'uchar' };
}

interface DeclaredSize {
  format: ImageFormat;
  width: number;
  height: number;
  /** Type of the values, as of libvips. */
  depth: string;
  /** Size of the frame in the file. */
  stored: { width: number; height: number };
  byteCount: number;
}

/** Why an image with this header is not decoded; null if it is. */
function refusalOf(
  { format, width, height, depth, stored, byteCount }: DeclaredSize,
  maxPixels: number,
): string | null {
  if (width * height > maxPixels)
    return `too large: its header declares ${width} × ${height} pixels, expected at most ${maxPixels}`;
  if (depth !== 'uchar' && depth !== 'ushort')
    return `not an accepted image: its values are of type ${depth}; save it with 8 or 16 bits per sample`;
  // Some decoders allocate memory for all pixels before they find any missing.
  if (stored.width * stored.height > byteCount * (maxPixelsPerByte[format] ?? Number.POSITIVE_INFINITY))
    return `damaged: ${byteCount} bytes cannot hold the ${stored.width} × ${stored.height} pixels that its header declares`;
  return null;
}

/** The maximum number of pixels that a format can pack into so many bytes; unbounded for other formats. */
const maxPixelsPerByte: Partial<Record<ImageFormat, number>> = {
  // 8 × 8 pixels take at least one bit.
  jpeg: 64 * 8,
  // Deflate repeats up to 258 bytes in 2 bits, and a byte may hold 8 pixels.
  png: 258 * 4 * 8,
  // LZW repeats fewer than 4096 pixels in 12 bits.
  gif: (4096 * 8) / 12,
};

/**
 * Returns the bytes of a JPEG file's first picture: with further pictures, libvips might choose a decoder that reports no loss.
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

/** Returns a picture up to its end marker; appends a missing marker. */
function withEndMarker(bytes: Uint8Array, { end, hasEndMarker }: JpegStructure): Uint8Array {
  const picture = bytes.subarray(0, end);
  return hasEndMarker ? picture : Buffer.concat([picture, Buffer.from([0xff, 0xd9])]);
}

async function decode(header: ImageHeader, timeoutMs: number, shrunk: ShrunkSize | undefined) {
  const run = (picture: Uint8Array, failOn: 'error' | 'warning') => {
    // L*a*b* needs no profile, and sharp would apply it to the wrong colors.
    const ignoreIcc = header.layout.lab !== undefined;
    const image = sharp(picture, { failOn, limitInputPixels: header.width * header.height, ignoreIcc })
      .autoOrient()
      .toColourspace('srgb')
      .timeout({ seconds: Math.min(Math.ceil(timeoutMs / 1000), 3600) });
    // Catmull-Rom, the kernel that loses the least detail at such small factors.
    if (shrunk !== undefined) image.resize(shrunk.width, shrunk.height, { fit: 'fill', kernel: 'cubic' });
    // sharp ignores the profile of other gray images.
    if (header.hasGreyProfile) image.pipelineColourspace('b-w');
    // Without an output profile, sharp leaves 16-bit images that have a profile in Display P3.
    return (header.isDeepWithProfile ? image.withIccProfile('srgb') : image)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  const { picture, jpeg } = header;
  if (jpeg === undefined) return orRefuse(header, timeoutMs, () => run(picture, 'error'));
  // libjpeg warns about lost pixels and harmless irregularities alike; only the file's bytes distinguish them.
  const decoding = run(picture, 'warning').catch(() => undefined);
  // Runs in parallel with another thread's decoding.
  const endsWell = !jpeg.isOneScan || endsWithItsPixels(picture, jpeg, shrunk?.scale ?? 1);
  const strict = await decoding;
  if (strict !== undefined && endsWell) return strict;
  // What libvips has decoded without a warning has a header that it accepts.
  if (strict === undefined && !header.isReadByDecoder) await readByDecoder(header.format, picture);
  const structure = readJpegStructure(picture);
  const lost = await findLostPixels(picture, structure);
  if (lost !== null) throw new Error(`damaged: ${lost}`);
  return strict ?? orRefuse(header, timeoutMs, () => run(withEndMarker(picture, structure), 'error'));
}

/** libvips shares one error text among all images being decoded, so the text may belong to another image and is not used. */
async function orRefuse<Result>(
  { format, picture }: ImageHeader,
  timeoutMs: number,
  run: () => Promise<Result>,
): Promise<Result> {
  const startedAtMs = performance.now();
  return run().catch((cause: Error) => {
    if (performance.now() - startedAtMs >= timeoutMs)
      throw new Error(`slow: not decoded within ${timeoutMs} ms`, { cause });
    throw new Error(`damaged: ${findCut(format, picture) ?? 'the decoder rejects it'}`, { cause });
  });
}
