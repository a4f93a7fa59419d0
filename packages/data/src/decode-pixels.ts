/** Bytes of an image file → its pixels: the first frame, upright, RGB in sRGB, 8 bit, on a background. */
import sharp from 'sharp';
import { formatOf, type ImageFormat } from './decode-format.ts';
import { decodableBytes, type ImageLayout, readImageLayout } from './image-layout.ts';
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
  /** 16 bit with a colour profile. */
  isDeepWithProfile: boolean;
  /** A grey profile that sharp applies only to 8 bit grey. */
  hasGreyProfile: boolean;
}

/** Whether a text names a colour, as CSS does: `white`, `#7f7f7f`, `rgb(127, 127, 127)`. */
export function isColour(text: string): boolean {
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
  // libvips' own limit would not say which size it met.
  const header = await sharp(decodableBytes(bytes, layout), { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      throw unusable(error);
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
  };
}

/**
 * Decodes a file at its full size.
 *
 * @param options `background`: what shows through transparent pixels; `timeoutMs`: libvips is told to stop after it.
 * @throws Error of which the message says why the file is no usable image.
 */
export async function decodePixels(
  bytes: Uint8Array,
  header: ImageHeader,
  { background, timeoutMs }: { background: string; timeoutMs: number },
): Promise<RgbImage> {
  const decoded = await decode(decodableBytes(bytes, header.layout), header, timeoutMs);
  const { data, width, height, channels } = arrangeSamples({ data: decoded.data, ...decoded.info }, header.layout);
  if (channels === 3) return { data, width, height };
  // Not in the first pipeline: there a grey image would still be grey, and so would its background.
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

/** Lost pixels, of which libjpeg only warns; its other warnings are of no consequence (bytes too many, …). */
const lostPixels = /premature end|bad Huffman code|found marker/i;

async function decode(bytes: Uint8Array, header: ImageHeader, timeoutMs: number) {
  const run = (failOn: 'error' | 'warning') => {
    // L*a*b* needs no profile, and is not what sharp would apply it to.
    const ignoreIcc = header.layout.lab !== undefined;
    const image = sharp(bytes, { failOn, limitInputPixels: header.width * header.height, ignoreIcc })
      .autoOrient()
      .toColourspace('srgb')
      .timeout({ seconds: Math.min(Math.ceil(timeoutMs / 1000), 3600) });
    // Of other grey images sharp ignores it.
    if (header.hasGreyProfile) image.pipelineColourspace('b-w');
    // sharp takes 16 bit with a profile to Display P3 and leaves it there, unless an output profile is named.
    return (header.isDeepWithProfile ? image.withIccProfile('srgb') : image)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  const strict = header.format === 'jpeg';
  return run(strict ? 'warning' : 'error')
    .catch((error: Error) => {
      if (!strict || lostPixels.test(error.message)) throw error;
      return run('error');
    })
    .catch((error: Error) => {
      throw unusable(error);
    });
}

/** What libvips says, as a reason for people. */
function unusable(cause: Error): Error {
  // libheif's reader first tells of every place that it looked at in vain.
  const line = cause.message.split('\n').find((one) => !one.startsWith('source: bad seek'));
  return new Error(`${line?.startsWith('timeout') ? 'slow' : 'damaged'}: ${line ?? cause.message}`, { cause });
}
