/** Images in node: files, URLs, bytes, pixels and sharp pipelines. */
import { fileURLToPath } from 'node:url';
import { decodeImage, decodeImageBytes, PixelBudget, type RawPixels, resizePixels } from '@chorus/data';
import type { DecodeSquares, Decoding } from './classifier.ts';
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

/**
 * Decodes images for one classifier, at most `maxPixels` pixels at a time.
 *
 * @returns a function that throws PredictorError for an image that cannot be decoded, and the signal's reason.
 */
export function imageDecoder({ maxPixels }: Pick<Decoding, 'maxPixels'>): DecodeSquares<ImageSource> {
  const budget = new PixelBudget(maxPixels);
  return async (image, sizes, decoding, signal) => {
    const name = nameOf(image);
    const decodeBytes = (bytes: Uint8Array) => decodeImageBytes(bytes, sizes, decoding, budget);
    try {
      if (typeof image === 'string' && !/^https?:\/\//i.test(image))
        return await decodeImage(image, sizes, decoding, budget);
      if (image instanceof URL && image.protocol === 'file:')
        return await decodeImage(fileURLToPath(image), sizes, decoding, budget);
      if (typeof image === 'string' || image instanceof URL)
        return await decodeBytes(await fetchBytes(new URL(image), name, { maxBytes: maxImageBytes, signal }));
      if (image instanceof Uint8Array) return await decodeBytes(image);
      if (image instanceof ArrayBuffer) return await decodeBytes(new Uint8Array(image));
      if (image instanceof Blob) return await decodeBytes(new Uint8Array(await image.arrayBuffer()));
      if (isSharp(image))
        return await decodeBytes(await image.clone().autoOrient().png({ compressionLevel: 0 }).toBuffer());
      if (isPixels(image)) return await resizePixels(image, sizes, decoding);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof PredictorError) throw error;
      throw new PredictorError(`Cannot decode ${name}: ${(error as Error).message}`, { cause: error });
    }
    throw new PredictorError(
      `Expected a path, a URL, the bytes of an image file, a Blob, pixels with width and height, or a sharp image, received ${name}.`,
    );
  };
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
