/** Groups images that are copies of one picture: equal bytes, or the same picture re-encoded or resized. */
import { setImmediate } from 'node:timers/promises';
import { HashIndex } from './hash-index.ts';
import type { ImageFile } from './image-folder.ts';
import { pathOrder } from './path-order.ts';
import { isSameFlat, isSamePicture } from './picture-difference.ts';
import { hashOf, type Thumbnail, thumbnailOf } from './picture-hash.ts';
import { PixelStore, type PixelStoreHandle } from './pixel-store.ts';

/** Images that show one picture. */
export interface PictureGroup {
  /** `exact`: all files have equal bytes. */
  kind: 'exact' | 'near';
  /** At least two image indices, sorted by path. */
  members: number[];
}

export interface PictureGroups {
  /** Disjoint, sorted by their first paths. */
  groups: PictureGroup[];
  /** False if so many images look alike that some of them were not compared. */
  isComplete: boolean;
}

/**
 * Groups the copies of each picture, with O(n) memory, in slices of about 25 ms.
 *
 * Every member shows the same picture as the first member, so a burst of similar photographs does not chain into one group.
 * Mirrored, cropped, shifted and brightened versions are different pictures.
 *
 * @param pixels the decoded images at any size; larger images distinguish more similar pictures.
 * @param sha256 of each image's bytes; null for an image that was not decoded, which joins no group.
 * @param options `onProgress` is called after each slice and at the end.
 * @throws the signal's reason on abort.
 */
export async function findPictureGroups(
  images: readonly Pick<ImageFile, 'relativePath'>[],
  pixels: PixelStoreHandle,
  sha256: readonly (string | null)[],
  options: { onProgress?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<PictureGroups> {
  const { onProgress, signal } = options;
  const byPath = [...images.keys()].filter((index) => sha256[index] !== null).toSorted(pathOrder(images));
  const exact = new Map<string, number[]>();
  for (const index of byPath) {
    const copies = exact.get(sha256[index]!);
    if (copies === undefined) exact.set(sha256[index]!, [index]);
    else copies.push(index);
  }

  const pictures = new Pictures(new PixelStore(pixels));
  const groups = new Map<number, PictureGroup>();
  let sliceEndsAtMs = performance.now() + sliceMs;
  let doneCount = 0;
  for (const copies of exact.values()) {
    if (performance.now() > sliceEndsAtMs) {
      onProgress?.(doneCount, byPath.length);
      await setImmediate();
      sliceEndsAtMs = performance.now() + sliceMs;
    }
    signal?.throwIfAborted();
    doneCount += copies.length;
    const leader = pictures.find(copies[0]!);
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, { kind: 'exact', members: [...copies] });
    else {
      group.kind = 'near';
      group.members.push(...copies);
    }
  }
  onProgress?.(byPath.length, byPath.length);
  const rank = new Map(byPath.map((index, position) => [index, position]));
  return {
    groups: [...groups.values()]
      .filter(({ members }) => members.length > 1)
      .map(({ kind, members }) => ({ kind, members: members.sort((a, b) => rank.get(a)! - rank.get(b)!) })),
    isComplete: pictures.isComplete,
  };
}

// --- internal ---

const sliceMs = 25;

/** Candidates compared with one image, the most similar first. */
const maxComparisons = 16;

/** Size of the thumbnail cache; others are recomputed. */
const keptThumbnails = 512;

/** The first image of each picture found so far. */
class Pictures {
  isComplete = true;
  readonly #store: PixelStore;
  readonly #index = new HashIndex();
  /** Pictures without structure, whose hashes are noise: by mean brightness, whole levels. */
  readonly #flat = new Map<number, number[]>();
  /** Mean red, green and blue. */
  readonly #means = new Map<number, readonly number[]>();
  readonly #thumbnails = new Map<number, Thumbnail>();

  constructor(store: PixelStore) {
    this.#store = store;
  }

  /** Returns the first image of the same picture; for a new picture, the image itself. */
  find(image: number): number {
    const thumbnail = this.#thumbnail(image);
    const means = meansOf(thumbnail);
    const { hash, isFlat } = hashOf(thumbnail);
    const level = Math.round((means[0]! + means[1]! + means[2]!) / 3);
    const alike = isFlat ? [level, level - 1, level + 1].flatMap((one) => this.#flat.get(one) ?? []) : this.#near(hash);
    const candidates = alike.filter((other) =>
      this.#means.get(other)!.every((mean, at) => Math.abs(mean - means[at]!) <= 10),
    );
    const isSame = isFlat ? isSameFlat : isSamePicture;
    const same = candidates.slice(0, maxComparisons).find((other) => isSame(this.#thumbnail(other), thumbnail));
    if (same !== undefined) return same;
    if (candidates.length > maxComparisons) this.isComplete = false;
    this.#means.set(image, means);
    if (!isFlat) this.#index.add(image, hash);
    else if (this.#flat.has(level)) this.#flat.get(level)!.push(image);
    else this.#flat.set(level, [image]);
    return image;
  }

  #near(hash: Uint16Array): number[] {
    const { found, isComplete } = this.#index.near(hash);
    if (!isComplete) this.isComplete = false;
    return found.map(({ id }) => id);
  }

  #thumbnail(image: number): Thumbnail {
    const kept = this.#thumbnails.get(image);
    if (kept !== undefined) return kept;
    const thumbnail = thumbnailOf(this.#store.pixels(image), this.#store.size);
    // Evicts the oldest: a Map iterates in insertion order.
    if (this.#thumbnails.size === keptThumbnails) this.#thumbnails.delete(this.#thumbnails.keys().next().value!);
    this.#thumbnails.set(image, thumbnail);
    return thumbnail;
  }
}

/** Red, green and blue, 0 … 255. */
function meansOf({ pixels }: Thumbnail): number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < pixels.length; at += 3)
    for (let channel = 0; channel < 3; channel += 1) sums[channel]! += pixels[at + channel]!;
  return sums.map((sum) => (3 * sum) / pixels.length);
}
