import { chunkCount, hammingDistance, type PictureHash } from './picture-hash.ts';

/** An indexed hash and its Hamming distance from the hash that was looked up. */
export interface NearHash {
  id: number;
  distance: number;
}

/** Hashes are near when at most 7 of 64 bits differ, so that one of the four chunks differs in at most one bit. */
export const nearDistance = 7;

/** Comparisons per lookup; reached only if most images of a data set look alike. */
const maxComparisons = 5000;

/**
 * Finds near hashes without comparing all of them, by multi-index hashing (Norouzi, Punjani, Fleet 2012).
 *
 * If two hashes differ in at most 7 bits, one of the four chunks differs in at most one bit, so a lookup visits 4 × 17 of
 * 4 × 65,536 buckets. n images take O(n) memory. Among unrelated images, a lookup makes about n / 1000 comparisons
 * (100,000 images: seconds); it never makes more than 5,000.
 */
export class HashIndex {
  readonly #hashes: PictureHash[] = [];
  readonly #ids: number[] = [];
  /** [chunk, value]: the last entry with that value, plus 1; 0 for none. */
  readonly #heads = new Uint32Array(chunkCount * 2 ** 16);
  /** [entry, chunk]: the previous entry with the same value, plus 1. */
  readonly #previous: number[] = [];
  /** For each entry, the last lookup that compared it. */
  readonly #comparedBy: number[] = [];
  #lookUps = 0;

  add(id: number, hash: PictureHash): void {
    this.#hashes.push(hash);
    this.#ids.push(id);
    this.#comparedBy.push(0);
    for (let chunk = 0; chunk < chunkCount; chunk += 1) {
      const bucket = chunk * 2 ** 16 + hash[chunk]!;
      this.#previous.push(this.#heads[bucket]!);
      this.#heads[bucket] = this.#hashes.length;
    }
  }

  /** @returns entries, nearest first, then by id; `isComplete` is false if the comparison limit was reached. */
  near(hash: PictureHash): { found: NearHash[]; isComplete: boolean } {
    this.#lookUps += 1;
    const found: NearHash[] = [];
    let comparisons = 0;
    for (const flipped of masks)
      for (let chunk = 0; chunk < chunkCount; chunk += 1) {
        let entry = this.#heads[chunk * 2 ** 16 + (hash[chunk]! ^ flipped)]!;
        for (; entry > 0; entry = this.#previous[(entry - 1) * chunkCount + chunk]!) {
          if (this.#comparedBy[entry - 1] === this.#lookUps) continue;
          if (comparisons === maxComparisons) return { found: found.sort(byDistance), isComplete: false };
          comparisons += 1;
          this.#comparedBy[entry - 1] = this.#lookUps;
          const distance = hammingDistance(hash, this.#hashes[entry - 1]!);
          if (distance <= nearDistance) found.push({ id: this.#ids[entry - 1]!, distance });
        }
      }
    return { found: found.sort(byDistance), isComplete: true };
  }
}

// --- internal ---

/** Masks that flip at most one bit of a chunk, the zero mask first. */
const masks = [0, ...Array.from({ length: 16 }, (_, bit) => 1 << bit)];

function byDistance(a: NearHash, b: NearHash): number {
  return a.distance - b.distance || a.id - b.id;
}
