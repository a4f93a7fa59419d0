import type { Attribute, Dataset, Group } from 'h5wasm';
import { ModelError } from '../errors.ts';
import { attempt, type Libhdf5 } from './libhdf5.ts';
import type { ReadingLimits } from './reading-limits.ts';

/** A dataset; `read` returns a copy of its numbers. */
export interface StoredWeight {
  /** Path in the layer's group, such as `Conv1/kernel:0`, or `0` in the layout of Keras 3. */
  name: string;
  shape: readonly number[];
  read(): Float32Array;
}

export interface OpenedFile {
  fileName: string;
  /** Shared by all reads of the file. */
  limits: ReadingLimits;
  /** The copy of libhdf5 that has opened it. */
  library: Libhdf5;
}

/** A group of an untrusted file. All methods throw a ModelError that names the file and the path. */
export class H5Group {
  readonly #group: Group;
  readonly #file: OpenedFile;

  constructor(group: Group, file: OpenedFile) {
    this.#group = group;
    this.#file = file;
  }

  /** Such as `/layers/conv2d`; empty for the root. */
  get path(): string {
    return this.#group.path === '/' ? '' : this.#group.path;
  }

  /** Names of its members. */
  names(): string[] {
    const where = `${this.path}/`;
    const names = attempt(this.#file.fileName, `expected a Group at ${where}`, () => this.#group.keys());
    this.#file.limits.takeNames(names.length, where);
    return names.map((name) => this.#printable(name, where));
  }

  /** @param name of a direct child. */
  group(name: string): H5Group {
    return new H5Group(this.#child(name, this.#file.library.Group), this.#file);
  }

  /** @param path path of a dataset of 32-bit floats, in this group or below. */
  weight(path: string): StoredWeight {
    const folders = path.split('/');
    const name = folders.pop()!;
    if (folders.length > maximumFolders)
      throw this.#error(`expected at most ${maximumFolders} groups above a weight of ${this.path}`, path);
    const parent = folders.reduce<H5Group>((group, folder) => group.group(folder), this);
    return { ...parent.#numbers(name), name: path };
  }

  /** Whether the group has an attribute with this name. */
  hasAttribute(name: string): boolean {
    return name in this.#attributes();
  }

  /** An attribute with a single string. */
  text(attributeName: string): string {
    const attribute = this.#attribute(attributeName);
    const where = this.#placeOf(attributeName);
    if (!isText(attribute)) throw this.#error(`expected ${where} to be a string`, 'another value');
    // Many entries can refer to one string, and each one takes memory when it is read.
    if (attribute.shape?.length !== 0)
      throw this.#error(`expected ${where} to be a single string`, `shape ${JSON.stringify(attribute.shape)}`);
    return this.#printable(this.#valueOf(attribute) as string, where);
  }

  /** An attribute with a list of strings. */
  texts(attributeName: string): string[] {
    const attribute = this.#attribute(attributeName);
    const where = this.#placeOf(attributeName);
    const { shape, metadata } = attribute;
    if (shape?.length !== 1) throw this.#error(`expected ${where} to list names`, `shape ${JSON.stringify(shape)}`);
    const count = shape[0]!;
    this.#file.limits.takeNames(count, where);
    // Keras writes an empty list as an array of numbers.
    if (count === 0) return [];
    if (!isText(attribute)) throw this.#error(`expected ${where} to list names`, 'other values');
    // The type that Keras writes with current versions of h5py.
    if (metadata.vlen) this.#file.limits.takeTexts(count, where);
    return (this.#valueOf(attribute) as string[]).map((text) => this.#printable(text, where));
  }

  #numbers(name: string): Omit<StoredWeight, 'name'> {
    const dataset = this.#child(name, this.#file.library.Dataset);
    const where = `${this.path}/${name}`;
    const { shape, dtype, metadata } = attempt(this.#file.fileName, `expected a Dataset at ${where}`, () => ({
      shape: dataset.shape,
      dtype: dataset.dtype,
      metadata: dataset.metadata,
    }));
    const refuse = (expected: string, received: string) => this.#error(`${where}: expected ${expected}`, received);
    if (dtype !== '<f' || metadata.size !== 4) throw refuse('32-bit floats', `type ${JSON.stringify(dtype)}`);
    if (shape === null || metadata.virtual_sources !== undefined)
      throw refuse('stored numbers', shape === null ? 'an empty dataset' : 'a virtual dataset');
    if (metadata.chunks !== null)
      throw refuse('contiguous numbers, as Keras stores them', `chunks of [${metadata.chunks.join(', ')}]`);
    this.#file.limits.takeWeight(shape, where);
    const read = () =>
      attempt(this.#file.fileName, `expected readable numbers in ${where}`, () => dataset.value as Float32Array);
    return { shape, read };
  }

  #child<T extends Group | Dataset>(name: string, kind: abstract new (...args: never[]) => T): T {
    if (['', '.', '..'].includes(name) || name.includes('/'))
      throw this.#error(
        `expected names in ${this.path}/ without slashes, other than "." and ".."`,
        JSON.stringify(name),
      );
    const where = `${this.path}/${name}`;
    const expected = `expected a ${kind.name} at ${where}`;
    this.#file.limits.takeNames(1, where);
    // Checked before opening, because libhdf5 would follow a link anywhere.
    const isLink = attempt(
      this.#file.fileName,
      expected,
      () => this.#group.get_link(where) !== null || 'filename' in this.#group.get_external_link(where),
    );
    if (isLink) throw this.#error(expected, 'a link');
    const found = attempt(this.#file.fileName, expected, () => this.#group.get(where));
    if (!(found instanceof kind)) throw this.#error(expected, found?.constructor.name ?? 'nothing');
    return found;
  }

  /** Strings of a file appear in one-line messages. */
  #printable(name: string, where: string): string {
    if (name.length <= maximumNameLength && !/\p{Cc}/u.test(name)) return name;
    const received = `${JSON.stringify(name.slice(0, 20))} of ${name.length}`;
    throw this.#error(`expected at most ${maximumNameLength} printable characters in ${where}`, received);
  }

  #attributes(): Record<string, Attribute> {
    const where = `attributes of ${this.path || '/'}`;
    const attributes = attempt(this.#file.fileName, `expected ${where}`, () => this.#group.attrs);
    this.#file.limits.takeNames(Object.keys(attributes).length, where);
    return attributes;
  }

  #attribute(name: string): Attribute {
    const attributes = this.#attributes();
    const where = this.#placeOf(name);
    const attribute = attempt(this.#file.fileName, `expected ${where}`, () => attributes[name]);
    if (attribute === undefined) throw this.#error(`expected ${where}`, 'none');
    return attribute;
  }

  #valueOf(attribute: Attribute): unknown {
    return attempt(this.#file.fileName, `expected to read ${this.#placeOf(attribute.name)}`, () => attribute.value);
  }

  #placeOf(attributeName: string): string {
    return `the attribute ${attributeName} of ${this.path || '/'}`;
  }

  #error(expectation: string, received: string): ModelError {
    return new ModelError(`${this.#file.fileName}: ${expectation}, received ${received}.`);
  }
}

// --- internal ---

const maximumNameLength = 200;
/** Keras nests one or two. */
const maximumFolders = 4;
/** H5T_STRING */
const textType = 3;

function isText({ metadata }: Attribute): boolean {
  return metadata.type === textType;
}
