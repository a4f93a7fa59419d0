import { ModelError } from '../errors.ts';

/**
 * Names of groups, attributes and datasets, each time that one is looked at. InceptionV3 takes 3,000; NASNetLarge, which of
 * keras.applications has the most layers, would take half of it.
 */
const maximumNames = 20_000;
/** Of one list. `model.save` keeps the model's description among the texts: InceptionV3's 313 names could be 85 MB. */
const maximumTextBytes = 200_000_000;

/**
 * What may be looked at in one file, counted while it is read. Limits of each group or list would not do: links make a
 * hundred groups of one, with a hundred weights of one, which are ten thousand weights in 22 kB.
 */
export class ReadingLimits {
  readonly #fileName: string;
  readonly #fileBytes: number;
  readonly #longestText: number;
  #names = 0;
  #weightBytes = 0;

  /** @param longestText in bytes, of those in the file's heaps. */
  constructor({ name, bytes }: { name: string; bytes: Uint8Array }, longestText: number) {
    this.#fileName = name;
    this.#fileBytes = bytes.length;
    this.#longestText = longestText;
  }

  /** @throws ModelError naming the place where there are too many. */
  takeNames(count: number, where: string): void {
    this.#names += count;
    if (this.#names > maximumNames)
      throw new ModelError(
        `${this.#fileName}: expected at most ${maximumNames} names in all, more than any backbone has, received ` +
          `${count} more of ${where}.`,
      );
  }

  /**
   * Of texts that do not lie where they are listed: each entry says where, and all may say the same.
   *
   * @throws ModelError where they could be too long together.
   */
  takeTexts(count: number, where: string): void {
    if (count * this.#longestText > maximumTextBytes)
      throw new ModelError(
        `${this.#fileName}: expected ${where} to be short, received ${count} texts of up to ${this.#longestText} bytes each.`,
      );
  }

  /**
   * Keras packs nothing: numbers that the file has no room for were never written, and would read as zeros.
   *
   * @throws ModelError naming the weight that is too much.
   */
  takeWeight(shape: readonly number[], where: string): void {
    this.#weightBytes += shape.reduce((product, side) => product * side, Float32Array.BYTES_PER_ELEMENT);
    if (!(this.#weightBytes <= this.#fileBytes))
      throw new ModelError(
        `${this.#fileName}: expected at most ${this.#fileBytes} bytes of weights, as the file has, received ` +
          `${this.#weightBytes} by the shapes up to ${where} [${shape.join(', ')}].`,
      );
  }
}
