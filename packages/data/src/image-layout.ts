/** What a file's own header says about its pixels and libvips does not; read before anything is decoded. */
import type { ImageFormat } from './decode-format.ts';
import { type GifLayout, readGifLayout } from './gif-layout.ts';
import { readHeifItem } from './heif-item.ts';
import { requireDecodableJpeg } from './jpeg-process.ts';
import { readTiffSamples } from './tiff-samples.ts';
import type { YcbcrCoding } from './ycbcr.ts';

/** Which of the samples after the colors is opacity: its index, `none`, or `last` where libvips decides. */
export type AlphaSample = number | 'none' | 'last';

export interface ImageLayout {
  alpha: AlphaSample;
  /** The colors were multiplied by alpha, and libvips does not undo it. */
  isPremultiplied?: boolean;
  /** libvips returns Y, Cb and Cr in place of red, green and blue. */
  ycbcr?: YcbcrCoding;
  /** Where the first frame lies on the canvas. */
  gif?: GifLayout;
  /** libvips recognizes the file only if its major brand is `avif`. */
  needsAvifBrand?: boolean;
}

/**
 * Reads from a file's own bytes what its samples mean.
 *
 * @throws Error whose message says why the file is not accepted.
 */
export function readImageLayout(format: ImageFormat, bytes: Uint8Array): ImageLayout {
  switch (format) {
    case 'tiff':
      return readTiffSamples(bytes);
    case 'gif':
      return { alpha: 'last', gif: readGifLayout(bytes) };
    case 'heif':
      return { alpha: 'last', ...readHeifItem(bytes) };
    case 'jpeg':
      requireDecodableJpeg(bytes);
      return { alpha: 'last' };
    default:
      return { alpha: 'last' };
  }
}

/** The bytes to hand to libvips. */
export function decodableBytes(bytes: Uint8Array, { needsAvifBrand }: ImageLayout): Uint8Array {
  if (!needsAvifBrand) return bytes;
  const copy = Uint8Array.from(bytes);
  copy.set(Buffer.from('avif'), 8);
  return copy;
}
