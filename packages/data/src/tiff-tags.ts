/** Reads the tags of a TIFF's first directory (TIFF 6.0, section 2; BigTIFF), with bounds checks. */

/** Enough for every tag except lists of strips; of longer tags, only the first values are read. */
const maxValues = 64;
/** Cameras write about a hundred. */
const maxTags = 4096;

/** Bytes per value, by type number. */
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
  /** Offset of the directory. */
  readonly offset: number;
  readonly #entries = new Map<number, { type: number; count: number; at: number }>();

  /**
   * Reads a directory.
   *
   * @param offset of the directory; by default that of the first one.
   * @throws Error if the directory exceeds the file.
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
      // If a tag occurs twice, libtiff uses the first.
      if (!this.#entries.has(tag))
        this.#entries.set(tag, { type, count: this.#number(at + 4, word), at: at + 4 + word });
    }
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** A tag's values, at most 64, with fractions as quotients; `missing` if the tag is absent. */
  numbers(tag: number, missing: readonly number[] = []): number[] {
    return this.#values(tag, maxValues) ?? [...missing];
  }

  /** All values of a tag; empty if the tag is absent. */
  list(tag: number): number[] {
    return this.#values(tag, Number.POSITIVE_INFINITY) ?? [];
  }

  /** The patch that replaces a tag's single 16-bit value. */
  replacement(tag: number, value: number): { at: number; bytes: readonly number[] } {
    const entry = this.#entries.get(tag);
    if (entry?.type !== 3) throw new Error(`damaged: the TIFF tag ${tag} is not a 16-bit value`);
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
    // Check before allocating memory for the values.
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
