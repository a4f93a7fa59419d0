/**
 * Records the operations that a trace adds to its graph, in order. A second trace of the same function adds nothing and is
 * compared with the record: a difference means that the function's result depends on something that a compiled call does
 * not evaluate again, such as random numbers drawn in JavaScript.
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

  /** Starts the replay: later calls of `next` are compared with the recording. */
  rewind(): void {
    this.#position = 0;
  }

  /**
   * Records an operation or, in a replay, compares it with the recording.
   *
   * @param what description for error messages.
   * @param key everything that determines the operation, together with the `values` of a constant.
   * @throws Mismatch in a replay, if the operation differs from the recording.
   */
  next(what: string, key: string, values: Numbers | undefined, add: () => AddedOperation): AddedOperation {
    if (this.#position === undefined) {
      const added = add();
      // A copy, because JavaScript may modify the same array.
      this.#entries.push({ what, key, values: values?.slice(), added });
      return added;
    }
    const entry = this.#entries[this.#position];
    if (entry === undefined) throw new Mismatch(`${what} was added`);
    if (entry.key !== key) throw new Mismatch(`${what} replaced ${entry.what}`);
    if (values !== undefined && !isSame(values, entry.values!)) throw new Mismatch(`${what} has different values`);
    this.#position += 1;
    return entry.added;
  }

  /** @throws Mismatch if the replay was shorter than the recording. */
  end(): void {
    const missing = this.#entries[this.#position ?? this.#entries.length];
    if (missing !== undefined) throw new Mismatch(`${missing.what} was missing`);
  }
}

/** Two traces of a function differ. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

// --- internal ---

function isSame(some: Numbers, others: Numbers): boolean {
  return some.length === others.length && some.every((value, index) => Object.is(value, others[index]));
}
