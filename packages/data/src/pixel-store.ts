/** Decoded images in shared memory: written once, never copied between threads. */

/** Plain data that can be sent to other threads; its buffers are shared. */
export interface PixelStoreHandle {
  /** Side of every image, pixels. */
  size: number;
  count: number;
  /** RGB bytes, row by row; no image spans two buffers. */
  segments: SharedArrayBuffer[];
  imagesPerSegment: number;
  /** One Int32 per image: 1 once its pixels are written. */
  ready: SharedArrayBuffer;
}

/** node 20 throws on typed arrays over a larger shared buffer. */
const segmentBytes = 2 ** 30;

/** Allocates memory for `count` images of `size` × `size` pixels. */
export function createPixelStore(count: number, size: number): PixelStoreHandle {
  const imageBytes = size * size * 3;
  const imagesPerSegment = Math.max(1, Math.floor(segmentBytes / imageBytes));
  const segments: SharedArrayBuffer[] = [];
  for (let first = 0; first < count; first += imagesPerSegment)
    segments.push(new SharedArrayBuffer(Math.min(imagesPerSegment, count - first) * imageBytes));
  return {
    size,
    count,
    segments,
    imagesPerSegment,
    ready: new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT),
  };
}

/** One thread's view of a store. */
export class PixelStore {
  readonly size: number;
  readonly count: number;
  readonly #imageBytes: number;
  readonly #segments: Uint8Array[];
  readonly #imagesPerSegment: number;
  readonly #ready: Int32Array;

  constructor(handle: PixelStoreHandle) {
    this.size = handle.size;
    this.count = handle.count;
    this.#imageBytes = handle.size * handle.size * 3;
    this.#segments = handle.segments.map((segment) => new Uint8Array(segment));
    this.#imagesPerSegment = handle.imagesPerSegment;
    this.#ready = new Int32Array(handle.ready);
  }

  isReady(index: number): boolean {
    return Atomics.load(this.#ready, index) === 1;
  }

  /**
   * Returns an image's pixels [size, size, 3], RGB 0 … 255; a view, not a copy.
   *
   * @throws Error when the image was not decoded.
   */
  pixels(index: number): Uint8Array {
    if (!this.isReady(index)) throw new Error(`image ${index} of ${this.count} was not decoded`);
    return this.#slot(index);
  }

  /** Copies an image into its slot and makes it visible to all threads. */
  publish(index: number, pixels: Uint8Array): void {
    if (pixels.length !== this.#imageBytes)
      throw new Error(`expected ${this.#imageBytes} bytes of pixels, received ${pixels.length}`);
    this.#slot(index).set(pixels);
    // Set the flag after the pixels: a thread that reads the flag then also reads the pixels.
    Atomics.store(this.#ready, index, 1);
  }

  #slot(index: number): Uint8Array {
    const start = (index % this.#imagesPerSegment) * this.#imageBytes;
    return this.#segments[Math.floor(index / this.#imagesPerSegment)]!.subarray(start, start + this.#imageBytes);
  }
}
