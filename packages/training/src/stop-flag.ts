import { StoppedError } from './errors.ts';

/** Size in bytes of a flag's memory. */
export const stopFlagBytes = Int32Array.BYTES_PER_ELEMENT;

/** A flag in shared memory that makes every lane stop before its next batch. */
export class StopFlag {
  readonly shared: SharedArrayBuffer;
  readonly #cell: Int32Array;
  readonly #followers: StopFlag[] = [];

  /** @param shared memory of {@link stopFlagBytes}; by default that of a new flag. */
  constructor(shared = new SharedArrayBuffer(stopFlagBytes)) {
    this.shared = shared;
    this.#cell = new Int32Array(shared);
  }

  raise(): void {
    Atomics.store(this.#cell, 0, 1);
    for (const follower of this.#followers) follower.raise();
  }

  /** Raises another flag, in other memory, whenever this object is raised; at once if it is. */
  raiseToo(follower: StopFlag): void {
    this.#followers.push(follower);
    if (this.raised) follower.raise();
  }

  get raised(): boolean {
    return Atomics.load(this.#cell, 0) !== 0;
  }

  /** @throws StoppedError once the flag is raised. */
  check(): void {
    if (this.raised) throw new StoppedError('stopped before the next batch');
  }
}
