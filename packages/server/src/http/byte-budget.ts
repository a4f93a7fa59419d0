/** Counts the bytes of all bodies in memory, so that many large ones together do not exhaust it. */
export class ByteBudget {
  readonly #capacity: number;
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get takenBytes(): number {
    return this.#taken;
  }

  /** @returns whether the bytes were free. */
  take(byteCount: number): boolean {
    if (this.#taken + byteCount > this.#capacity) return false;
    this.#taken += byteCount;
    return true;
  }

  giveBack(byteCount: number): void {
    this.#taken -= byteCount;
  }
}
