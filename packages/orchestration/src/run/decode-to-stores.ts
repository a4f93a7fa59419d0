import {
  createPixelStore,
  type DecodeAllOptions,
  decodeImages,
  type ImageInfo,
  type ImageToDecode,
  PixelStore,
  type PixelStoreHandle,
  type SkippedImage,
} from '@chorus/data';

export interface DecodedImages {
  /** Stores by the images' side in pixels; an image has the same slot in all of them. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Whether an image was decoded; if so, it is in every store. */
  isReady(index: number): boolean;
  skipped: SkippedImage[];
  /** Hexadecimal hash of each image's bytes; null for a skipped image. */
  sha256: readonly (string | null)[];
  /** Format and dimensions of each image's file; null for a skipped image. */
  info: readonly (ImageInfo | null)[];
}

/**
 * Decodes each image once, on all processors, into a new store per size.
 *
 * @param sizes at least one image side, in pixels.
 * @throws DataError when too many images are bad; the signal's reason after an abort.
 */
export async function decodeToStores(
  images: readonly ImageToDecode[],
  sizes: readonly number[],
  options: Omit<DecodeAllOptions, 'concurrency'>,
): Promise<DecodedImages> {
  const stores = sizes.map((size) => createPixelStore(images.length, size));
  const { skipped, sha256, info } = await decodeImages(images, stores, options);
  const first = new PixelStore(stores[0]!);
  return {
    pixels: new Map(stores.map((store) => [store.size, store])),
    isReady: (index) => first.isReady(index),
    skipped,
    sha256,
    info,
  };
}
