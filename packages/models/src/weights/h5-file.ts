/**
 * A stranger's HDF5 file, looked into with care: no link is followed, and nothing is read of a dataset before its shape,
 * type and layout are known.
 *
 * What libhdf5 allocates follows from the file's size and from shapes that its caller compared: of the layouts only the
 * one that Keras writes is taken, where numbers lie in one piece. Chunks and filters could unfold into any size, virtual
 * datasets name other files. External storage does too, which h5wasm does not tell: so there are no other files. They
 * are opened in the wasm module's own memory, emptied of its devices, under a name that no file can foresee.
 */
import h5wasm, { type Attribute, Dataset, File, Group } from 'h5wasm';
import { ModelError } from '../errors.ts';
import { checkGlobalHeaps } from './global-heaps.ts';

/** One dataset; `read` copies its numbers out. */
export interface StoredWeight {
  /** In its layer's group, such as `Conv1/kernel:0`, or `0` in Keras 3's layout. */
  name: string;
  shape: readonly number[];
  read(): Float32Array;
}

/**
 * Opens a file, hands its root to `use`, and closes it.
 *
 * @throws ModelError naming the file where it is no whole HDF5 file.
 */
export async function withH5File<T>(file: { name: string; bytes: Uint8Array }, use: (root: H5Group) => T): Promise<T> {
  const { FS, activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
  removeDevices(FS);
  // Else libhdf5 prints its errors and goes on.
  throwErrors();
  if (file.bytes[0] === 0x50 && file.bytes[1] === 0x4b)
    throw new ModelError(
      `${file.name}: expected an HDF5 file, received a zip archive; ` +
        'of a .keras file: model.save_weights("x.weights.h5").',
    );
  checkGlobalHeaps(file);
  const path = `/${crypto.randomUUID()}.h5`;
  FS.writeFile(path, file.bytes);
  try {
    const opened = attempt(file.name, 'expected an HDF5 file', () => new File(path, 'r'));
    try {
      return use(new H5Group(file.name, opened));
    } finally {
      attempt(file.name, 'expected a sound HDF5 file', () => opened.close());
    }
  } finally {
    FS.unlink(path);
  }
}

/** A group of an opened file. All methods throw a ModelError that names the file and the place. */
export class H5Group {
  readonly #fileName: string;
  readonly #group: Group;

  constructor(fileName: string, group: Group) {
    this.#fileName = fileName;
    this.#group = group;
  }

  /** As in `/layers/conv2d`; empty for the root. */
  get path(): string {
    return this.#group.path === '/' ? '' : this.#group.path;
  }

  /** What there is in it. */
  names(): string[] {
    const where = `${this.path}/`;
    const names = attempt(this.#fileName, `expected a Group at ${where}`, () => this.#group.keys());
    if (names.length > maximumNames)
      throw new ModelError(
        `${this.#fileName}: expected at most ${maximumNames} names in ${where}, received ${names.length}.`,
      );
    return names.map((name) => this.#printable(name, where));
  }

  /** @param name of a group right in this one. */
  group(name: string): H5Group {
    return new H5Group(this.#fileName, this.#child(name, Group));
  }

  /** @param path of 32-bit floats; here groups may be on the way. */
  weight(path: string): StoredWeight {
    const folders = path.split('/');
    const name = folders.pop()!;
    const parent = folders.reduce<H5Group>((group, folder) => group.group(folder), this);
    return { ...parent.#numbers(name), name: path };
  }

  /** Whether there is an attribute of this name. */
  hasAttribute(name: string): boolean {
    return attempt(this.#fileName, `expected attributes of ${this.path}/`, () => name in this.#group.attrs);
  }

  /** An attribute with one text. */
  text(attributeName: string): string {
    const text = this.#valueOf(this.#attribute(attributeName));
    if (typeof text !== 'string') throw this.#otherAttribute(attributeName, 'to be one text', 'another value');
    return this.#printable(text, this.#placeOf(attributeName));
  }

  /** An attribute with a list of texts. */
  texts(attributeName: string): string[] {
    const attribute = this.#attribute(attributeName);
    const { shape } = attribute;
    if (shape?.length !== 1 || shape[0]! > maximumNames)
      throw this.#otherAttribute(
        attributeName,
        `to list at most ${maximumNames} names`,
        `shape ${JSON.stringify(shape)}`,
      );
    // Keras writes an empty list as numbers.
    if (shape[0] === 0) return [];
    const texts = this.#valueOf(attribute);
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
      throw this.#otherAttribute(attributeName, 'to list names', 'other values');
    return texts.map((text) => this.#printable(text, this.#placeOf(attributeName)));
  }

  #numbers(name: string): Omit<StoredWeight, 'name'> {
    const dataset = this.#child(name, Dataset);
    const where = `${this.path}/${name}`;
    const { shape, dtype, metadata } = attempt(this.#fileName, `expected a Dataset at ${where}`, () => ({
      shape: dataset.shape,
      dtype: dataset.dtype,
      metadata: dataset.metadata,
    }));
    const refuse = (expected: string, received: string) =>
      new ModelError(`${this.#fileName}: ${where}: expected ${expected}, received ${received}.`);
    if (dtype !== '<f' || metadata.size !== 4) throw refuse('32-bit floats', `type ${JSON.stringify(dtype)}`);
    if (shape === null || metadata.virtual_sources !== undefined)
      throw refuse('a dataset with numbers of its own', shape === null ? 'an empty one' : 'a virtual one');
    if (metadata.chunks !== null)
      throw refuse('numbers in one piece, as Keras stores them', `chunks of [${metadata.chunks.join(', ')}]`);
    const read = () =>
      attempt(this.#fileName, `expected readable numbers in ${where}`, () => dataset.value as Float32Array);
    return { shape, read };
  }

  #child<T extends Group | Dataset>(name: string, kind: abstract new (...args: never[]) => T): T {
    if (['', '.', '..'].includes(name) || name.includes('/'))
      throw new ModelError(
        `${this.#fileName}: expected names in ${this.path}/ without slashes and dots alone, received ` +
          `${JSON.stringify(name)}.`,
      );
    const where = `${this.path}/${name}`;
    const expected = `expected a ${kind.name} at ${where}`;
    // Before anything is opened: libhdf5 would follow a link to wherever it leads.
    const isLink = attempt(
      this.#fileName,
      expected,
      () => this.#group.get_link(where) !== null || 'filename' in this.#group.get_external_link(where),
    );
    if (isLink) throw new ModelError(`${this.#fileName}: ${expected}, received a link.`);
    const found = attempt(this.#fileName, expected, () => this.#group.get(where));
    if (!(found instanceof kind))
      throw new ModelError(`${this.#fileName}: ${expected}, received ${found?.constructor.name ?? 'nothing'}.`);
    return found;
  }

  /** What a file says goes into messages of one line. */
  #printable(name: string, where: string): string {
    if (name.length <= maximumNameLength && !/\p{Cc}/u.test(name)) return name;
    throw new ModelError(
      `${this.#fileName}: expected at most ${maximumNameLength} printable characters in ${where}, received ` +
        `${JSON.stringify(name.slice(0, 20))} of ${name.length}.`,
    );
  }

  #attribute(name: string): Attribute {
    const attribute = attempt(this.#fileName, `expected ${this.#placeOf(name)}`, () => this.#group.attrs[name]);
    if (attribute === undefined)
      throw new ModelError(`${this.#fileName}: expected ${this.#placeOf(name)}, received none.`);
    return attribute;
  }

  #valueOf(attribute: Attribute): unknown {
    return attempt(this.#fileName, `expected a readable ${this.#placeOf(attribute.name)}`, () => attribute.value);
  }

  #otherAttribute(name: string, expected: string, received: string): ModelError {
    return new ModelError(`${this.#fileName}: expected ${this.#placeOf(name)} ${expected}, received ${received}.`);
  }

  #placeOf(attributeName: string): string {
    return `the attribute ${attributeName} of ${this.path || '/'}`;
  }
}

// --- internal ---

const maximumNames = 10_000;
const maximumNameLength = 200;

/** Else external storage at `/dev/null` would read as zeros. */
function removeDevices(fileSystem: Awaited<typeof h5wasm.ready>['FS']): void {
  for (const name of fileSystem.readdir('/dev')) {
    const path = `/dev/${name}`;
    if (!fileSystem.isDir(fileSystem.lstat(path).mode)) fileSystem.unlink(path);
  }
}

/** libhdf5's errors are a page long, and the reason is in the last line but two. */
function attempt<T>(fileName: string, expectation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    const reason = [...message.matchAll(/^ *#\d+: .* in \w+\(\): (.*)$/gm)].at(-1)?.[1] ?? message;
    throw new ModelError(`${fileName}: ${expectation}, received an error: ${reason}.`);
  }
}
