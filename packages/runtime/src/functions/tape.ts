/**
 * What a trace has added to its graph, in order. A second trace of the same function, which adds nothing, is held against
 * it: where the two differ, the function's result depends on something that a compiled call would not look at again, such
 * as random numbers drawn in JavaScript.
 */
import type { Numbers } from './attr-value.ts';
import type { AddedOperation } from './function-graph.ts';

interface Entry {
  what: string;
  key: string;
  values: Numbers | undefined;
  added: AddedOperation;
}

export class Tape {
  readonly #entries: Entry[] = [];
  /** Undefined while recording. */
  #position: number | undefined;

  get isReplay(): boolean {
    return this.#position !== undefined;
  }

  /** From now on, what is said to `next` is compared. */
  rewind(): void {
    this.#position = 0;
  }

  /**
   * @param what in words.
   * @param key all that the operation depends on; and `values` of a constant.
   * @throws Mismatch in a replay, when this is not what was recorded.
   */
  next(what: string, key: string, values: Numbers | undefined, add: () => AddedOperation): AddedOperation {
    if (this.#position === undefined) {
      const added = add();
      // A copy: JavaScript may count in the same array.
      this.#entries.push({ what, key, values: values?.slice(), added });
      return added;
    }
    const entry = this.#entries[this.#position];
    if (entry === undefined) throw new Mismatch(`${what} was not there`);
    if (entry.key !== key) throw new Mismatch(`${what} took the place of ${entry.what}`);
    if (values !== undefined && !isSame(values, entry.values!)) throw new Mismatch(`${what} has other values`);
    this.#position += 1;
    return entry.added;
  }

  /** @throws Mismatch when the replay was shorter. */
  end(): void {
    const missing = this.#entries[this.#position ?? this.#entries.length];
    if (missing !== undefined) throw new Mismatch(`${missing.what} was not there again`);
  }
}

/** Two traces of one function differ. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

// --- internal ---

function isSame(some: Numbers, others: Numbers): boolean {
  return some.length === others.length && some.every((value, index) => Object.is(value, others[index]));
}
