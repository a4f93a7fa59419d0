/** Small pictures for a page. */
import { withFreeFile } from '@chorus/storage';
import sharp from 'sharp';
import type { DecodeOptions } from './decode.ts';
import { readImageFile } from './decode-file.ts';
import { decodePixels, readHeader, shrunkSize } from './decode-pixels.ts';

/** Which images are rejected. */
export type DecodeLimits = Pick<DecodeOptions, 'maxPixels' | 'timeoutMs'>;

const defaultLimits: DecodeLimits = { maxPixels: 100_000_000, timeoutMs: 10_000 };
/** WebP's quality: at 240 pixels, the losses are invisible. */
const quality = 72;

/** A small picture in WebP format. */
export interface Thumbnail {
  bytes: Uint8Array;
  /** Pixels of the thumbnail. */
  width: number;
  height: number;
}

/** The pixels of a thumbnail, RGB 0..255, row by row. */
export interface ThumbnailPixels {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Decodes a file as training does and shrinks it, whole, upright and without metadata.
 *
 * @param side the longer side of the result at most, pixels.
 * @param limits those of the training, if they are known.
 * @throws Error whose message says why the file is not a usable image.
 */
export async function makeThumbnail(path: string, side: number, limits = defaultLimits): Promise<Thumbnail> {
  return encodeThumbnail(await readThumbnail(path, side, limits));
}

/** As {@link makeThumbnail}, without encoding. */
export async function readThumbnail(path: string, side: number, limits = defaultLimits): Promise<ThumbnailPixels> {
  const { maxPixels, timeoutMs } = limits;
  const header = await readHeader(await withFreeFile(path, () => readImageFile(path)), maxPixels);
  const shrunk = shrunkSize(header, side);
  const { data, width, height } = await decodePixels(header, { background: 'white', timeoutMs, shrunk });
  const { data: pixels, info } = await sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: pixels, width: info.width, height: info.height };
}

export async function encodeThumbnail({ data, width, height }: ThumbnailPixels): Promise<Thumbnail> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ quality })
    .toBuffer();
  return { bytes, width, height };
}
