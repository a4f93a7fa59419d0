/** Files → pixels: one decode per file, whole image, upright, in every size that is asked for. */
import { availableParallelism } from 'node:os';
import { sha256 } from '@chorus/storage';
import { maxBadShare } from './dataset-checks.ts';
import { PixelBudget, withinTime } from './decode-budget.ts';
import { type FileStamp, readImageFile } from './decode-file.ts';
import type { ImageFormat } from './decode-format.ts';
import { decodePixels, isColor, readHeader } from './decode-pixels.ts';
import { type ResizeMethod, resizeToSquare } from './decode-resize.ts';
import { DataError } from './errors.ts';
import type { SkippedImage } from './image-walk.ts';
import { PixelStore, type PixelStoreHandle } from './pixel-store.ts';

export interface DecodeOptions {
  /** A CSS color (`white`, `#7f7f7f`) that shows through transparent pixels; see {@link isColor}. */
  background: string;
  resize: ResizeMethod;
  /** Images with more pixels by their header are refused. */
  maxPixels: number;
  /** Time for one image. */
  timeoutMs: number;
}

export interface DecodeAllOptions extends DecodeOptions {
  /**
   * Images at a time; by default two more than processors: some are read, or wait for the main thread to resize them. Fewer
   * where they are large: at most `maxPixels` are decoded at a time.
   */
  concurrency?: number;
  /** More than this share of bad images is an error; by default {@link maxBadShare}. */
  maxSkippedShare?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** What a file holds, before it is resized. */
export interface ImageInfo {
  format: ImageFormat;
  /** Pixels, after the rotation that EXIF asks for. */
  width: number;
  height: number;
}

/** An image to decode; with size and time of its listing, it is skipped when it changed since. */
export interface ImageToDecode extends Partial<FileStamp> {
  path: string;
  relativePath?: string;
}

/**
 * Decodes one file, once, into squares.
 *
 * @param sizes sides of the results, pixels.
 * @returns for each size [size, size, 3], RGB 0 … 255 in sRGB.
 * @throws Error of which the message says why the file is no usable image.
 */
export async function decodeImage(
  path: string,
  sizes: readonly number[],
  options: DecodeOptions,
): Promise<Uint8Array[]> {
  requireColor(options.background);
  return (await decodeWithin(new PixelBudget(options.maxPixels), { path }, sizes, options)).squares;
}

/**
 * Decodes files into their slots of a store per size; an image that cannot be used is skipped, with its reason, and is
 * then in none of them.
 *
 * @param images in the order of the stores' slots.
 * @returns `sha256`: of each image's bytes, hexadecimal; `info`: of each image's file; null for an image that was skipped.
 * @throws DataError when too many are bad or the background is no color; the signal's reason when it is aborted.
 */
export async function decodeImages(
  images: readonly ImageToDecode[],
  handles: readonly PixelStoreHandle[],
  options: DecodeAllOptions,
): Promise<{ skipped: SkippedImage[]; sha256: (string | null)[]; info: (ImageInfo | null)[]; seconds: number }> {
  const { concurrency = availableParallelism() + 2, maxSkippedShare = maxBadShare, onProgress, signal } = options;
  requireColor(options.background);
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
  let next = 0;
  let doneCount = 0;

  async function work(): Promise<void> {
    while (next < images.length) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      const image = images[index]!;
      try {
        const decoded = await decodeWithin(budget, image, sizes, options);
        // All sizes are there before the first is published.
        for (const [position, store] of stores.entries()) store.publish(index, decoded.squares[position]!);
        hashes[index] = decoded.sha256;
        info[index] = decoded.info;
      } catch (error) {
        skipped[index] = { path: image.relativePath ?? image.path, reason: (error as Error).message };
      }
      doneCount += 1;
      onProgress?.(doneCount, images.length);
    }
  }

  await Promise.all(Array.from({ length: Math.min(concurrency, images.length) }, work));
  const bad = skipped.filter((one) => one !== undefined);
  requireFewSkipped(bad, images.length, maxSkippedShare);
  return { skipped: bad, sha256: hashes, info, seconds: (Date.now() - startedAtMs) / 1000 };
}

// --- internal ---

/**
 * Refuses a set of images of which too many cannot be used.
 *
 * @param share of the images that may be skipped, 0 to 1.
 * @throws DataError with the first of them and their reasons.
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
  const { background, resize, timeoutMs } = options;
  const bytes = await readImageFile(image.path, image);
  const header = await withinTime(readHeader(bytes, options.maxPixels), timeoutMs);
  return budget.run(header.width * header.height, timeoutMs, async () => {
    const pixels = await decodePixels(header, { background, timeoutMs });
    const squares = await Promise.all(sizes.map((size) => resizeToSquare(pixels, size, resize)));
    const { width, height } = pixels;
    return { squares, sha256: sha256(bytes), info: { format: header.format, width, height } };
  });
}

function requireColor(background: string): void {
  if (!isColor(background))
    throw new DataError(`Expected a color such as "white" or "#7f7f7f" as background, received "${background}".`);
}
