/** Files → pixels: one decode per file, whole image, orientation applied, resized as PIL's bilinear. */
import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import { DataError } from './errors.ts';
import type { SkippedImage } from './image-folder.ts';
import { PixelStore, type PixelStoreHandle } from './pixel-store.ts';

export interface DecodeOptions {
  /** Images with more pixels by their header are refused; default 100 million. */
  maxPixels?: number;
  /** Time for one image; default 10 s. */
  timeoutMs?: number;
}

export interface DecodeAllOptions extends DecodeOptions {
  /** Images at a time; default 4. */
  concurrency?: number;
  /** More than this share of bad images is an error; default 0.05. */
  maxSkippedShare?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Formats by content, whatever a file's ending says. SVG is a program, and not among them. */
const formats = ['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff'];

// Every file is decoded once: a cache would only hold memory.
sharp.cache(false);

/**
 * Decodes one file.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3], RGB 0 … 255 in sRGB.
 * @throws Error of which the message says why the file is no usable image.
 */
export async function decodeImage(path: string, size: number, options: DecodeOptions = {}): Promise<Uint8Array> {
  const { maxPixels = 100_000_000, timeoutMs = 10_000 } = options;
  const target = await stat(path);
  if (!target.isFile()) throw new Error('not a plain file');
  if (target.size === 0) throw new Error('not an image: the file is empty');
  // By content and not by name: libvips would open whatever a name says.
  const image = sharp(await readFile(path), { failOn: 'error', limitInputPixels: maxPixels });
  const { format, width, height } = await image.metadata().catch((error: Error) => {
    throw new Error(`not an image: ${error.message}`);
  });
  if (!formats.includes(format)) throw new Error(`not an accepted image: ${format}`);
  if (width * height > maxPixels) throw new Error(`too large: ${width} × ${height} pixels by its header`);
  const { data, info } = await image
    .autoOrient()
    .toColourspace('srgb')
    .flatten({ background: '#000000' })
    // PIL's BILINEAR is a triangle filter that widens with the reduction; so is libvips' linear kernel.
    .resize(size, size, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
    .timeout({ seconds: Math.max(1, Math.ceil(timeoutMs / 1000)) })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return info.channels === 3 ? data : greyToRgb(data);
}

/**
 * Decodes files into their slots of a store; an image that cannot be used is skipped, with its reason.
 *
 * @param images in the order of the store's slots.
 * @throws DataError when too many are bad; the signal's reason when it is aborted.
 */
export async function decodeImages(
  images: readonly { path: string; relativePath?: string }[],
  handle: PixelStoreHandle,
  options: DecodeAllOptions = {},
): Promise<{ skipped: SkippedImage[]; seconds: number }> {
  const { concurrency = 4, maxSkippedShare = 0.05, onProgress, signal } = options;
  const startedAtMs = Date.now();
  const store = new PixelStore(handle);
  const skipped: (SkippedImage | undefined)[] = new Array(images.length);
  let next = 0;
  let doneCount = 0;

  async function work(): Promise<void> {
    while (next < images.length) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      const { path, relativePath = path } = images[index]!;
      try {
        store.publish(index, await decodeImage(path, handle.size, options));
      } catch (error) {
        skipped[index] = { path: relativePath, reason: firstLine(error as Error) };
      }
      doneCount += 1;
      onProgress?.(doneCount, images.length);
    }
  }

  await Promise.all(Array.from({ length: Math.min(concurrency, images.length) }, work));
  const bad = skipped.filter((one) => one !== undefined);
  if (bad.length > maxSkippedShare * images.length)
    throw new DataError(
      `${bad.length} of ${images.length} images cannot be used, more than ${100 * maxSkippedShare} %: ${bad
        .slice(0, 5)
        .map(({ path, reason }) => `${path} (${reason})`)
        .join('; ')}${bad.length > 5 ? '; …' : ''}.`,
    );
  return { skipped: bad, seconds: (Date.now() - startedAtMs) / 1000 };
}

// --- internal ---

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (const [index, value] of grey.entries()) rgb.fill(value, 3 * index, 3 * index + 3);
  return rgb;
}

function firstLine(error: Error): string {
  return error.message.split('\n')[0]!;
}
