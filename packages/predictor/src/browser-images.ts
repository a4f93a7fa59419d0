/** Images in the browser: whatever a page has, drawn on a canvas and read back as sRGB. */
import { resizeLikeOpenCv, resizeLikePillow } from '@chorus/data/resize';
import type { Decoding } from './classifier.ts';
import { PredictorError } from './errors.ts';
import { fetchBytes } from './http-place.ts';

/**
 * An image: a URL, also as text, relative to the page; the content of a file, as `Blob`, `File` or bytes; an element, canvas or
 * bitmap; or pixels as `ImageData`. Of a video, the current frame.
 */
export type BrowserImage =
  | string
  | URL
  | Blob
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | ImageData
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame;

/** @throws PredictorError when it cannot be decoded or read; the signal's reason. */
export async function decodeBrowserImage(
  image: BrowserImage,
  sizes: readonly number[],
  decoding: Decoding,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const resize = resizeMethods[decoding.resize];
  if (resize === undefined)
    throw new PredictorError(
      `The bundle was trained with the resize method ${decoding.resize}, which runs only in node; export it, or train again with pillow.`,
    );
  const rgb = await readPixels(image, decoding, signal);
  return sizes.map((size) => resize(rgb, size));
}

// --- internal ---

type Rgb = Parameters<typeof resizeLikePillow>[0];

const resizeMethods: Partial<Record<Decoding['resize'], (image: Rgb, size: number) => Uint8Array>> = {
  pillow: resizeLikePillow,
  opencv: resizeLikeOpenCv,
};

/** As in node. */
const maxImageBytes = 512 * 2 ** 20;

async function readPixels(image: BrowserImage, decoding: Decoding, signal: AbortSignal | undefined): Promise<Rgb> {
  if (image instanceof ImageData) return fromImageData(image, decoding);
  if (typeof image === 'string' || image instanceof URL) {
    const url = new URL(image, globalThis.location?.href);
    return readPixels(
      new Blob([await fetchBytes(url, url.href, { maxBytes: maxImageBytes, signal })]),
      decoding,
      signal,
    );
  }
  if (image instanceof ArrayBuffer || image instanceof Uint8Array)
    return readPixels(new Blob([image]), decoding, signal);
  if (image instanceof Blob) {
    const bitmap = await decodeBlob(image);
    try {
      signal?.throwIfAborted();
      return draw(bitmap, bitmap, decoding);
    } finally {
      bitmap.close();
    }
  }
  return draw(image, await sizeOf(image), decoding);
}

async function decodeBlob(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: 'from-image' });
  } catch (error) {
    const name = blob instanceof File ? blob.name : `the ${blob.size} bytes`;
    throw new PredictorError(`Cannot decode ${name}: this browser decodes no image from it.`, { cause: error });
  }
}

/** Width and height in pixels, once the element has them. */
async function sizeOf(
  image: Exclude<BrowserImage, string | URL | Blob | Uint8Array | ArrayBuffer | ImageData>,
): Promise<{ width: number; height: number }> {
  if (is('HTMLImageElement', image)) {
    const { src } = image as HTMLImageElement;
    await (image as HTMLImageElement).decode().catch((cause: unknown) => {
      throw new PredictorError(`Cannot decode the image ${src.slice(0, 200)}.`, { cause });
    });
    return { width: (image as HTMLImageElement).naturalWidth, height: (image as HTMLImageElement).naturalHeight };
  }
  if (is('HTMLVideoElement', image))
    return { width: (image as HTMLVideoElement).videoWidth, height: (image as HTMLVideoElement).videoHeight };
  if (is('VideoFrame', image))
    return { width: (image as VideoFrame).displayWidth, height: (image as VideoFrame).displayHeight };
  if (['ImageBitmap', 'HTMLCanvasElement', 'OffscreenCanvas'].some((name) => is(name, image)))
    return image as { width: number; height: number };
  throw new PredictorError(
    `Expected a URL, Blob, bytes, ImageData, ImageBitmap, or an img, video or canvas element, received ${String(image)}.`,
  );
}

/** Workers do not have the classes of elements. */
function is(className: string, image: unknown): boolean {
  const found = (globalThis as Record<string, unknown>)[className];
  return typeof found === 'function' && image instanceof found;
}

/** Opaque pixels are taken as they are: a canvas would return the same. */
function fromImageData(image: ImageData, decoding: Decoding): Rgb {
  const { data, width, height } = image;
  requireSize({ width, height }, decoding);
  for (let at = 3; at < data.length; at += 4)
    if (data[at] !== 255) {
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext('2d')!.putImageData(image, 0, 0);
      return draw(canvas, canvas, decoding);
    }
  return withoutOpacity(image);
}

/** Draws an image on the background; elements are drawn upright. */
function draw(image: CanvasImageSource, { width, height }: { width: number; height: number }, decoding: Decoding): Rgb {
  requireSize({ width, height }, decoding);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new PredictorError(`This browser has no canvas for an image of ${width} × ${height}.`);
  context.fillStyle = decoding.background;
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  try {
    return withoutOpacity(context.getImageData(0, 0, width, height));
  } catch (cause) {
    throw new PredictorError(
      'The browser does not let this page read the image, which is from another site: load it with crossorigin="anonymous" from a server that allows it (CORS).',
      { cause },
    );
  }
}

function requireSize({ width, height }: { width: number; height: number }, { maxPixels }: Decoding): void {
  if (width < 1 || height < 1)
    throw new PredictorError(`Expected an image with pixels, received ${width} × ${height}; is it loaded?`);
  if (width * height > maxPixels)
    throw new PredictorError(`Expected an image of at most ${maxPixels} pixels, received ${width} × ${height}.`);
}

function withoutOpacity({ data, width, height }: ImageData): Rgb {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + 1]!;
    rgb[to + 2] = data[from + 2]!;
  }
  return { data: rgb, width, height };
}
