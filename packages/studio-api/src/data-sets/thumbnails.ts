/** Small pictures of images, which are kept in memory until others need the room. */
import { stat } from 'node:fs/promises';
import { makeThumbnail } from '@chorus/data';
import { RequestError } from '@chorus/server/http';

export class Thumbnails {
  readonly #capacity: number;
  /** The least recently used first. */
  readonly #kept = new Map<string, Uint8Array<ArrayBuffer>>();
  #bytes = 0;

  /** @param capacity bytes of all kept pictures, at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * A WebP picture of a file; of a changed file, a new one.
   *
   * @throws RequestError when the file is not a usable image.
   */
  async of(path: string, side: number): Promise<Uint8Array<ArrayBuffer>> {
    const { mtimeMs, size } = await stat(path).catch((error: unknown) => {
      throw new RequestError(404, 'not_found', `The image cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
    });
    const key = `${side} ${mtimeMs} ${size} ${path}`;
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const { bytes } = await makeThumbnail(path, side).catch((error: Error) => {
      throw new RequestError(422, 'unusable_image', `The image cannot be shown: ${error.message}.`);
    });
    const copy = new Uint8Array(bytes);
    this.#keep(key, copy);
    return copy;
  }

  #keep(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > this.#capacity || this.#kept.has(key)) return;
    this.#kept.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#capacity) return;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }
}
