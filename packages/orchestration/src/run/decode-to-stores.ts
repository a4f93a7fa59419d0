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
  /** By the images' side in pixels; every image has the same slot in each. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Whether an image could be decoded; if so it is in every store. */
  isReady(index: number): boolean;
  skipped: SkippedImage[];
  /** Of each image's bytes, hexadecimal; null for an image that was skipped. */
  sha256: readonly (string | null)[];
  /** Of each image's file; null for an image that was skipped. */
  info: readonly (ImageInfo | null)[];
}

/**
 * Decodes each image once, on all processors, into a new store for every size.
 *
 * @param sizes at least one side, pixels.
 * @throws DataError when too many are bad; the signal's reason.
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
