/** Images in node: files, URLs, bytes, pixels and sharp pipelines. */
import { fileURLToPath } from 'node:url';
import { decodeImage, decodeImageBytes, type RawPixels, resizePixels } from '@chorus/data';
import type { Decoding } from './classifier.ts';
import { PredictorError } from './errors.ts';
import { fetchBytes } from './http-place.ts';

/** The methods of a sharp pipeline that are called. */
export interface SharpImage {
  clone(): SharpImage;
  autoOrient(): SharpImage;
  png(options: { compressionLevel: number }): SharpImage;
  toBuffer(): Promise<Uint8Array>;
}

/**
 * An image: the path of a file; a URL (`http:`, `https:` or `file:`), also as text; the content of a file, as bytes, `Blob` or
 * `File`; pixels, as of an `ImageData`; or a sharp pipeline, which is turned upright.
 */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | Blob | RawPixels | SharpImage;

/** @throws PredictorError when it cannot be decoded; the signal's reason. */
export async function decodeImageSource(
  image: ImageSource,
  sizes: readonly number[],
  decoding: Decoding,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const name = nameOf(image);
  try {
    if (typeof image === 'string' && !/^https?:\/\//i.test(image)) return await decodeImage(image, sizes, decoding);
    if (image instanceof URL && image.protocol === 'file:')
      return await decodeImage(fileURLToPath(image), sizes, decoding);
    if (typeof image === 'string' || image instanceof URL)
      return await decodeImageBytes(
        await fetchBytes(new URL(image), name, { maxBytes: maxImageBytes, signal }),
        sizes,
        decoding,
      );
    if (image instanceof Uint8Array) return await decodeImageBytes(image, sizes, decoding);
    if (image instanceof ArrayBuffer) return await decodeImageBytes(new Uint8Array(image), sizes, decoding);
    if (image instanceof Blob)
      return await decodeImageBytes(new Uint8Array(await image.arrayBuffer()), sizes, decoding);
    if (isSharp(image))
      return await decodeImageBytes(
        await image.clone().autoOrient().png({ compressionLevel: 0 }).toBuffer(),
        sizes,
        decoding,
      );
    if (isPixels(image)) return await resizePixels(image, sizes, decoding);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PredictorError) throw error;
    throw new PredictorError(`Cannot decode ${name}: ${(error as Error).message}`, { cause: error });
  }
  throw new PredictorError(
    `Expected a path, a URL, the bytes of an image file, a Blob, pixels with width and height, or a sharp image, received ${name}.`,
  );
}

// --- internal ---

/** As for files; see `decode-file.ts` of the data package. */
const maxImageBytes = 512 * 2 ** 20;

function nameOf(image: unknown): string {
  if (typeof image === 'string') return image;
  if (image instanceof URL) return image.href;
  if (typeof File !== 'undefined' && image instanceof File) return image.name;
  if (typeof image !== 'object' || image === null) return String(image);
  return `the ${image.constructor?.name ?? 'object'}`;
}

function isSharp(image: object): image is SharpImage {
  return ['clone', 'autoOrient', 'png', 'toBuffer'].every(
    (name) => typeof (image as Record<string, unknown>)[name] === 'function',
  );
}

function isPixels(image: object): image is RawPixels {
  const { data, width, height } = image as Partial<RawPixels>;
  return (
    (data instanceof Uint8Array || data instanceof Uint8ClampedArray) &&
    typeof width === 'number' &&
    typeof height === 'number'
  );
}
