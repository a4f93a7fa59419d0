/**
 * Keras' `.h5` weight files as plain numbers: a group per layer, in the order of the attribute `layer_names`, each with
 * its datasets in the order of `weight_names`.
 *
 * The file is a stranger's: it is opened in the wasm module's own memory, so that links lead nowhere; nothing is read
 * of a dataset before its shape and type are known.
 */
import h5wasm, { Dataset, File, Group } from 'h5wasm';
import { ModelError } from '../errors.ts';

/** One dataset; `read` copies its numbers out. */
export interface StoredWeight {
  /** As in `weight_names`, such as `Conv1/kernel:0`. */
  name: string;
  shape: readonly number[];
  read(): Float32Array;
}

export interface StoredLayer {
  name: string;
  weights: StoredWeight[];
}

const maximumLayers = 10_000;
const maximumWeightsPerLayer = 100;

/**
 * Opens a file, hands the layers that have weights to `use`, and closes it.
 *
 * @throws ModelError naming the file and the group for anything that is not as Keras writes it.
 */
export async function withStoredLayers<T>(
  file: { name: string; bytes: Uint8Array },
  use: (layers: StoredLayer[]) => T,
): Promise<T> {
  const { FS, activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
  // Else libhdf5 prints its errors and goes on.
  throwErrors();
  const path = `/${nextFileNumber++}.h5`;
  FS.writeFile(path, file.bytes);
  try {
    const opened = attempt(file.name, 'expected an HDF5 file', () => new File(path, 'r'));
    try {
      return use(readLayers(file.name, opened));
    } finally {
      opened.close();
    }
  } finally {
    FS.unlink(path);
  }
}

// --- internal ---

let nextFileNumber = 0;

function readLayers(fileName: string, root: Group): StoredLayer[] {
  // A whole saved model keeps its weights one group down.
  const top = 'layer_names' in root.attrs ? root : child(fileName, root, 'model_weights', Group);
  const layerNames = stringsAttribute(fileName, top, 'layer_names', maximumLayers);
  return layerNames
    .map((layerName) => {
      const group = child(fileName, top, layerName, Group);
      const weightNames = stringsAttribute(fileName, group, 'weight_names', maximumWeightsPerLayer);
      return { name: layerName, weights: weightNames.map((name) => storedWeight(fileName, group, name)) };
    })
    .filter(({ weights }) => weights.length > 0);
}

function storedWeight(fileName: string, group: Group, name: string): StoredWeight {
  const dataset = child(fileName, group, name, Dataset);
  const { shape, dtype, metadata } = dataset;
  const where = `${fileName}: ${group.path}/${name}`;
  if (dtype !== '<f' || metadata.size !== 4)
    throw new ModelError(`${where}: expected 32-bit floats, received type ${JSON.stringify(dtype)}.`);
  if (shape === null || metadata.virtual_sources !== undefined)
    throw new ModelError(`${where}: expected a dataset with numbers of its own.`);
  return {
    name,
    shape,
    read: () =>
      attempt(fileName, `expected readable numbers in ${group.path}/${name}`, () => dataset.value as Float32Array),
  };
}

function child<T extends Group | Dataset>(
  fileName: string,
  group: Group,
  name: string,
  kind: abstract new (...args: never[]) => T,
): T {
  const where = `${group.path === '/' ? '' : group.path}/${name}`;
  const found = attempt(fileName, `expected ${where}`, () => group.get(name));
  if (!(found instanceof kind))
    throw new ModelError(
      `${fileName}: expected a ${kind.name} at ${where}, received ${found?.constructor.name ?? 'nothing'}.`,
    );
  return found;
}

function stringsAttribute(fileName: string, group: Group, name: string, maximumCount: number): string[] {
  const attribute = attempt(fileName, `expected the attribute ${name} of ${group.path}`, () => group.attrs[name]);
  const count = attribute?.shape?.[0];
  if (attribute?.shape?.length !== 1 || count === undefined || count > maximumCount)
    throw new ModelError(
      `${fileName}: expected the attribute ${name} of ${group.path} to list at most ${maximumCount} names, received ${
        attribute === undefined ? 'none' : `shape ${JSON.stringify(attribute.shape)}`
      }.`,
    );
  // Keras writes an empty list as numbers.
  if (count === 0) return [];
  const names = attempt(fileName, `expected names in ${name} of ${group.path}`, () => attribute.value);
  if (!Array.isArray(names) || !names.every((one) => typeof one === 'string'))
    throw new ModelError(
      `${fileName}: expected the attribute ${name} of ${group.path} to list names, received others.`,
    );
  return names;
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
