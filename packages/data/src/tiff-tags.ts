/** The tags of a TIFF's first directory (TIFF 6.0, section 2; BigTIFF), read within bounds. */

/** Enough for every tag but lists of strips; of longer ones only the first values are read. */
const maxValues = 64;
/** Cameras write about a hundred. */
const maxTags = 4096;

/** Bytes of one value, by the type's number. */
const valueBytes: Record<number, 1 | 2 | 4 | 8> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  13: 4,
  16: 8,
  18: 8,
};

export class TiffTags {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  readonly #isBig: boolean;
  /** Where the directory starts. */
  readonly offset: number;
  readonly #entries = new Map<number, { type: number; count: number; at: number }>();

  /**
   * Reads a directory.
   *
   * @param offset of the directory; by default the first one's.
   * @throws Error if it does not lie within the file.
   */
  constructor(bytes: Uint8Array, offset?: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = bytes[0] === 0x49;
    this.#isBig = this.#number(2, 2) === 43;
    const word = this.#isBig ? 8 : 4;
    const start = offset ?? this.#number(this.#isBig ? 8 : 4, word);
    this.offset = start;
    const count = this.#number(start, this.#isBig ? 8 : 2);
    if (count > maxTags) throw new Error(`damaged: a TIFF directory of ${count} tags`);
    for (let index = 0; index < count; index += 1) {
      const at = start + (this.#isBig ? 8 + 20 * index : 2 + 12 * index);
      const [tag, type] = [this.#number(at, 2), this.#number(at + 2, 2)];
      // Where a tag stands twice, libtiff takes the first.
      if (!this.#entries.has(tag))
        this.#entries.set(tag, { type, count: this.#number(at + 4, word), at: at + 4 + word });
    }
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** A tag's values, at most 64, fractions as quotients; without the tag, `missing`. */
  numbers(tag: number, missing: readonly number[] = []): number[] {
    return this.#values(tag, maxValues) ?? [...missing];
  }

  /** All values of a tag; without the tag, none. */
  list(tag: number): number[] {
    return this.#values(tag, Number.POSITIVE_INFINITY) ?? [];
  }

  /** What replaces a tag's single value of 16 bit by another one. */
  replacement(tag: number, value: number): { at: number; bytes: readonly number[] } {
    const entry = this.#entries.get(tag);
    if (entry?.type !== 3) throw new Error(`damaged: the TIFF tag ${tag} is not of 16 bit`);
    const bytes = [value & 255, value >> 8];
    return { at: entry.at, bytes: this.#isLittle ? bytes : bytes.reverse() };
  }

  #values(tag: number, most: number): number[] | undefined {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return undefined;
    const size = valueBytes[entry.type];
    if (size === undefined) throw new Error(`damaged: the TIFF tag ${tag} has the type ${entry.type}`);
    const word = this.#isBig ? 8 : 4;
    const start = entry.count * size <= word ? entry.at : this.#number(entry.at, word);
    // Before anything is allocated for them.
    if (start + entry.count * size > this.#view.byteLength)
      throw new Error(`damaged: a TIFF whose tag ${tag} has values outside of the file`);
    return Array.from({ length: Math.min(entry.count, most) }, (_, index) => {
      const at = start + size * index;
      return entry.type === 5 ? this.#number(at, 4) / this.#number(at + 4, 4) : this.#number(at, size);
    });
  }

  #number(at: number, size: 1 | 2 | 4 | 8): number {
    if (at + size > this.#view.byteLength) throw new Error('damaged: a TIFF whose directory lies outside of the file');
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, this.#isLittle);
    if (size === 4) return this.#view.getUint32(at, this.#isLittle);
    return Number(this.#view.getBigUint64(at, this.#isLittle));
  }
}
