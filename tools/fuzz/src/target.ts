import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Changes an input a little. */
export type Mutate = (input: Uint8Array, random: RandomGenerator, others: readonly Uint8Array[]) => Uint8Array;

/** A parser of untrusted input. */
export interface FuzzTarget {
  /** Also the name of its folder in the corpus. */
  name: string;
  mutate: Mutate;
  /**
   * Prepares what all inputs share.
   *
   * @param folder an empty folder for files.
   * @param corpus the inputs that mutations start from.
   * @returns parses one input; rejects with an error whose name is in `refusals` for one that is refused.
   */
  open(folder: string, corpus: readonly Uint8Array[]): Promise<(input: Uint8Array) => Promise<void>>;
  /** Names of the errors with which it refuses input. */
  refusals: readonly string[];
  /** Inputs after which another process goes on, for parsers that keep state between inputs; by default, no limit. */
  inputsPerProcess?: number;
}
