/** Decodes files to pixels: each file once, the whole image, upright, in all requested sizes. */
import { availableParallelism } from 'node:os';
import { isTooManyOpenFiles, sha256, withFreeFile } from '@chorus/storage';
import { isColor } from './color.ts';
import { maxBadShare } from './dataset-checks.ts';
import { PixelBudget, withinTime } from './decode-budget.ts';
import { type FileStamp, readImageFile } from './decode-file.ts';
import type { ImageFormat } from './decode-format.ts';
import { decodePixels, type ImageHeader, readHeader, shrunkSize } from './decode-pixels.ts';
import { type ResizeMethod, resizeToSquare } from './decode-resize.ts';
import { DataError } from './errors.ts';
import { forEachFile } from './for-each-file.ts';
import type { SkippedImage } from './image-walk.ts';
import { PixelStore, type PixelStoreHandle } from './pixel-store.ts';
import type { ShrunkSize } from './shrink-on-load.ts';

export interface DecodeOptions {
  /** CSS color (`white`, `#7f7f7f`) behind transparent pixels; see {@link isColor}. */
  background: string;
  resize: ResizeMethod;
  /**
   * Lets libjpeg scale large JPEGs while it decodes them; see `shrink-on-load.ts`. Off by default; only with `resize: 'pillow'`.
   */
  shrinkOnLoad?: boolean;
  /** Images whose header declares more pixels are rejected. */
  maxPixels: number;
  /** Time limit per image. */
  timeoutMs: number;
}

export interface DecodeAllOptions extends DecodeOptions {
  /**
   * Images decoded at a time; by default two more than processors, because some are being read or resized. Fewer for large
   * images: at most `maxPixels` pixels are decoded at a time; and fewer while too many files are open.
   */
  concurrency?: number;
  /** A larger share of bad images is an error; by default {@link maxBadShare}. */
  maxSkippedShare?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** The format and size of an image file before resizing. */
export interface ImageInfo {
  format: ImageFormat;
  /** Pixels, after applying the EXIF orientation. */
  width: number;
  height: number;
}

/** An image to decode; if the size and time of its listing are given, a changed file is skipped. */
export interface ImageToDecode extends Partial<FileStamp> {
  path: string;
  relativePath?: string;
}

/**
 * Decodes one file once and resizes it to squares.
 *
 * @param sizes sides of the squares, pixels.
 * @param budget limits calls that share it to its number of pixels at a time, at least `maxPixels`.
 * @returns one [size, size, 3] per size, RGB 0 … 255 in sRGB.
 * @throws Error whose message says why the file is not a usable image.
 */
export async function decodeImage(
  path: string,
  sizes: readonly number[],
  options: DecodeOptions,
  budget = new PixelBudget(options.maxPixels),
): Promise<Uint8Array[]> {
  requireValid(options);
  return (await withFreeFile(path, () => decodeWithin(budget, { path }, sizes, options))).squares;
}

/**
 * Decodes the content of an image file, as {@link decodeImage} does.
 *
 * @throws Error whose message says why the bytes are not a usable image.
 */
export async function decodeImageBytes(
  bytes: Uint8Array,
  sizes: readonly number[],
  options: DecodeOptions,
  budget = new PixelBudget(options.maxPixels),
): Promise<Uint8Array[]> {
  requireValid(options);
  return (await decodeBytesWithin(budget, bytes, sizes, options)).squares;
}

/**
 * Decodes the content of an image file to find out whether it is usable.
 *
 * @returns its format and size.
 * @throws Error whose message says why the bytes are not a usable image.
 * @example
 * const { format, width, height } = await inspectImageBytes(bytes, { maxPixels: 50_000_000, timeoutMs: 10_000 });
 */
export async function inspectImageBytes(
  bytes: Uint8Array,
  limits: Pick<DecodeOptions, 'maxPixels' | 'timeoutMs'>,
  budget = new PixelBudget(limits.maxPixels),
): Promise<ImageInfo> {
  const options: DecodeOptions = { ...limits, background: 'white', resize: 'pillow' };
  return (await decodeBytesWithin(budget, bytes, [], options)).info;
}

/**
 * Decodes files into their slots of one store per size. An unusable image is skipped, with a reason, in all stores.
 *
 * @param images in the order of the stores' slots.
 * @returns `sha256` of each image's bytes, hexadecimal, and `info` on each file; both are null for a skipped image.
 * @throws DataError when too many images are bad or the background is not a color; TooManyOpenFilesError when too many files stay open; the
 * signal's reason on abort.
 */
export async function decodeImages(
  images: readonly ImageToDecode[],
  handles: readonly PixelStoreHandle[],
  options: DecodeAllOptions,
): Promise<{ skipped: SkippedImage[]; sha256: (string | null)[]; info: (ImageInfo | null)[]; seconds: number }> {
  const { concurrency = availableParallelism() + 2, maxSkippedShare = maxBadShare, onProgress, signal } = options;
  requireValid(options);
  const startedAtMs = Date.now();
  const stores = handles.map((handle) => new PixelStore(handle));
  for (const { count } of stores)
    if (count !== images.length)
      throw new Error(`expected stores of ${images.length} images, received one of ${count}`);
  const sizes = stores.map(({ size }) => size);
  const budget = new PixelBudget(options.maxPixels);
  const skipped: (SkippedImage | undefined)[] = new Array(images.length);
  const hashes = new Array<string | null>(images.length).fill(null);
  const info = new Array<ImageInfo | null>(images.length).fill(null);
  let doneCount = 0;

  async function decode(image: ImageToDecode, index: number): Promise<void> {
    signal?.throwIfAborted();
    try {
      const decoded = await decodeWithin(budget, image, sizes, options);
      // Publish only after all sizes are ready.
      for (const [position, store] of stores.entries()) store.publish(index, decoded.squares[position]!);
      hashes[index] = decoded.sha256;
      info[index] = decoded.info;
    } catch (error) {
      if (isTooManyOpenFiles(error)) throw error;
      skipped[index] = { path: image.relativePath ?? image.path, reason: (error as Error).message };
    }
    doneCount += 1;
    onProgress?.(doneCount, images.length);
  }

  await forEachFile(images, concurrency, decode);
  const bad = skipped.filter((one) => one !== undefined);
  requireFewSkipped(bad, images.length, maxSkippedShare);
  return { skipped: bad, sha256: hashes, info, seconds: (Date.now() - startedAtMs) / 1000 };
}

// --- internal ---

/**
 * Rejects a set of images with too many unusable ones.
 *
 * @param share of the images that may be skipped, 0 to 1.
 * @throws DataError naming the first of them, with reasons.
 */
function requireFewSkipped(skipped: readonly SkippedImage[], imageCount: number, share: number): void {
  if (skipped.length <= share * imageCount) return;
  throw new DataError(
    `${skipped.length} of ${imageCount} images cannot be used, more than ${100 * share} %: ${skipped
      .slice(0, 5)
      .map(({ path, reason }) => `${path} (${reason})`)
      .join('; ')}${skipped.length > 5 ? '; …' : ''}.`,
  );
}

async function decodeWithin(
  budget: PixelBudget,
  image: ImageToDecode,
  sizes: readonly number[],
  options: DecodeOptions,
): Promise<{ squares: Uint8Array[]; sha256: string; info: ImageInfo }> {
  const bytes = await readImageFile(image.path, image);
  return { ...(await decodeBytesWithin(budget, bytes, sizes, options)), sha256: sha256(bytes) };
}

async function decodeBytesWithin(
  budget: PixelBudget,
  bytes: Uint8Array,
  sizes: readonly number[],
  options: DecodeOptions,
): Promise<{ squares: Uint8Array[]; info: ImageInfo }> {
  const { background, resize, timeoutMs, shrinkOnLoad } = options;
  const header = await withinTime(readHeader(bytes, options.maxPixels), timeoutMs);
  const shrunk = shrinkOnLoad ? shrunkSize(header, Math.max(...sizes)) : undefined;
  return budget.run(pixelCountOf(header, shrunk), timeoutMs, async () => {
    const pixels = await decodePixels(header, { background, timeoutMs, shrunk });
    const squares = await Promise.all(sizes.map((size) => resizeToSquare(pixels, size, resize)));
    const { width, height } = shrunk === undefined ? pixels : uprightSize(header);
    return { squares, info: { format: header.format, width, height } };
  });
}

/** The number of pixels that a decoder holds: of a JPEG with several scans, it holds all coefficients even if it scales. */
function pixelCountOf({ width, height, jpeg }: ImageHeader, shrunk: ShrunkSize | undefined): number {
  return shrunk !== undefined && jpeg?.isOneScan ? shrunk.width * shrunk.height : width * height;
}

function uprightSize({ width, height, orientation }: ImageHeader): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

function requireValid({ background, shrinkOnLoad, resize }: DecodeOptions): void {
  if (!isColor(background))
    throw new DataError(`Expected a color such as "white" or "#7f7f7f" as background, received "${background}".`);
  if (shrinkOnLoad && resize !== 'pillow')
    throw new DataError(`Expected resize "pillow" with shrinkOnLoad, received "${resize}".`);
}
