import { ModelError } from '../errors.ts';

/**
 * Names of groups, attributes and datasets, counted on each access. InceptionV3 takes 3,000; NASNetLarge, which has the most
 * layers in keras.applications, would take half of the limit.
 */
const maximumNames = 20_000;
/** Per list. `model.save` stores the model's description among the strings, so InceptionV3's 313 names could take 85 MB. */
const maximumTextBytes = 200_000_000;

/**
 * Limits on the reads from one file, counted as it is read. Limits per group or list would not suffice: with links, a file of
 * 22 kB can hold a hundred names of one group that has a hundred names of one weight, which makes ten thousand weights.
 */
export class ReadingLimits {
  readonly #fileName: string;
  readonly #fileBytes: number;
  readonly #longestText: number;
  #names = 0;
  #weightBytes = 0;

  /** @param longestText length in bytes of the longest string in the file's heaps. */
  constructor({ name, bytes }: { name: string; bytes: Uint8Array }, longestText: number) {
    this.#fileName = name;
    this.#fileBytes = bytes.length;
    this.#longestText = longestText;
  }

  /** @throws ModelError naming the path with too many names. */
  takeNames(count: number, where: string): void {
    this.#names += count;
    if (this.#names > maximumNames)
      throw new ModelError(
        `${this.#fileName}: expected at most ${maximumNames} names in total, more than any backbone has, received ` +
          `${count} more from ${where}.`,
      );
  }

  /**
   * Counts strings that are stored in a heap: each entry refers to one, and several may refer to the same.
   *
   * @throws ModelError if they could be too long in total.
   */
  takeTexts(count: number, where: string): void {
    if (count * this.#longestText > maximumTextBytes)
      throw new ModelError(
        `${this.#fileName}: expected ${where} to be short, received ${count} strings of up to ${this.#longestText} bytes each.`,
      );
  }

  /**
   * Counts weights. Keras does not compress: numbers beyond the size of the file were never written, and would read as zeros.
   *
   * @throws ModelError naming the first weight that does not fit into the file.
   */
  takeWeight(shape: readonly number[], where: string): void {
    this.#weightBytes += shape.reduce((product, side) => product * side, Float32Array.BYTES_PER_ELEMENT);
    if (!(this.#weightBytes <= this.#fileBytes))
      throw new ModelError(
        `${this.#fileName}: expected at most ${this.#fileBytes} bytes of weights, the size of the file, received shapes of ` +
          `${this.#weightBytes} bytes up to ${where} [${shape.join(', ')}].`,
      );
  }
}
