import { StoppedError } from './errors.ts';

/** A flag in shared memory that makes every lane stop before its next batch. */
export class StopFlag {
  readonly shared: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#cell = new Int32Array(shared);
  }

  raise(): void {
    Atomics.store(this.#cell, 0, 1);
  }

  get raised(): boolean {
    return Atomics.load(this.#cell, 0) !== 0;
  }

  /** @throws StoppedError once the flag is raised. */
  check(): void {
    if (this.raised) throw new StoppedError('stopped before the next batch');
  }
}
