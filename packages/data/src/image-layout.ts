/** Reads pixel properties that libvips does not report from a file's own header, before decoding. */
import type { ImageFormat } from './decode-format.ts';
import { type GifLayout, readGifLayout } from './gif-layout.ts';
import { readHeifItem } from './heif-item.ts';
import type { LabCoding } from './lab.ts';
import { readTiffSamples } from './tiff-samples.ts';
import type { YcbcrCoding } from './ycbcr.ts';

/** Which sample after the colors is opacity: its index, `none`, or `last` if libvips decides. */
export type AlphaSample = number | 'none' | 'last';

export interface ImageLayout {
  alpha: AlphaSample;
  /** The colors are premultiplied by alpha, and libvips does not undo it. */
  isPremultiplied?: boolean;
  /** libvips returns red, green and blue, although the profile may be a gray one. */
  isMonochrome?: boolean;
  /** libvips returns Y, Cb and Cr instead of red, green and blue. */
  ycbcr?: YcbcrCoding;
  /** libvips returns L*, a* and b* instead of red, green and blue. */
  lab?: LabCoding;
  /** Position of the first frame on the canvas. */
  gif?: GifLayout;
  /** libvips reads the file only after these bytes are replaced. */
  patch?: { at: number; bytes: readonly number[] };
}

/**
 * Reads from a file's bytes what its samples mean.
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
    default:
      return { alpha: 'last' };
  }
}

/** Returns the bytes for libvips, with the patch applied. */
export function decodableBytes(bytes: Uint8Array, { patch }: ImageLayout): Uint8Array {
  if (patch === undefined) return bytes;
  const copy = Uint8Array.from(bytes);
  copy.set(patch.bytes, patch.at);
  return copy;
}
