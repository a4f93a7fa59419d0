/**
 * Reads the layers with weights from the files of all Keras versions, and from `.safetensors` files of PyTorch models.
 *
 * Up to Keras 2 (and today in `model.save('….h5')`, one group further down), a file lists its layers in the model's order in
 * the attribute `layer_names`, and each layer's datasets in `weight_names`. A `.weights.h5` file has no such list: a group is
 * named after its layer's class and numbered within it in the model's order (`layers/conv2d`, `layers/conv2d_1`, …), and its
 * datasets are `vars/0`, `vars/1`, …. Since Keras 3.6, the attribute `name` of `vars` is the layer's name.
 */
import { ModelError } from '../errors.ts';
import type { H5Group, StoredWeight } from './h5-group.ts';
import { readSafetensors } from './safetensors-file.ts';
import { type NamedLayer, torchLayers } from './torch-layers.ts';

export type StoredLayer = ListedLayer | CountedLayer | NamedLayer;

/** A layer of a file that lists its layers. */
interface ListedLayer {
  /** Path of its group in the file, for messages. */
  path: string;
  name: string;
  kind?: undefined;
  unordered?: undefined;
  weights: StoredWeight[];
}

/** A layer of a `.weights.h5` file. */
interface CountedLayer {
  path: string;
  /** Since Keras 3.6. */
  name?: string;
  /** Its class, such as `conv2d`. */
  kind: string;
  unordered?: undefined;
  weights: StoredWeight[];
}

/**
 * Opens a file, passes its layers with weights to `use` and closes it. The layers are in the order of the file's list or, in a
 * `.weights.h5` file, in the model's order within each kind; those of a `.safetensors` file are not in the model's order.
 *
 * @throws ModelError naming the file and the group if the file differs from what Keras writes, or from the safetensors format.
 */
export async function withStoredLayers<T>(
  file: { name: string; bytes: Uint8Array },
  use: (layers: StoredLayer[]) => T,
): Promise<T> {
  if (isSafetensors(file))
    return use(torchLayers(file.name, readSafetensors(file)).filter(({ weights }) => weights.length > 0));
  // Loaded here: libhdf5 takes a tenth of a second, in every process and thread.
  const { withH5File } = await import('./h5-file.ts');
  return withH5File(file, (root) => use(readLayers(file.name, root).filter(({ weights }) => weights.length > 0)));
}

// --- internal ---

/** By the name, because the format has no signature; an HDF5 file may have any name. */
function isSafetensors({ name, bytes }: { name: string; bytes: Uint8Array }): boolean {
  const isHdf5 = [0x89, 0x48, 0x44, 0x46].every((byte, index) => bytes[index] === byte);
  return name.toLowerCase().endsWith('.safetensors') && !isHdf5;
}

function readLayers(fileName: string, root: H5Group): StoredLayer[] {
  if (root.hasAttribute('layer_names')) return listedLayers(fileName, root);
  const there = root.names();
  // A saved model has its weights there.
  if (there.includes('model_weights')) return listedLayers(fileName, root.group('model_weights'));
  if (there.includes('layers')) return countedLayers(fileName, root.group('layers'), 1);
  // Keras 2.12 to 2.14 visited each layer with weights twice, and incremented the counter each time.
  const twice = '_layer_checkpoint_dependencies';
  if (there.includes(twice)) return countedLayers(fileName, root.group(twice), 2);
  throw new ModelError(
    `${fileName}: expected Keras' layers (layer_names, /model_weights or /layers), received ${
      there.slice(0, 5).join(', ') || 'an empty file'
    }.`,
  );
}

function listedLayers(fileName: string, top: H5Group): ListedLayer[] {
  const names = top.texts('layer_names');
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined)
    throw new ModelError(`${fileName}: expected each layer once in layer_names, received ${repeated} twice.`);
  return names.map((name) => {
    const group = top.group(name);
    return { path: group.path, name, weights: group.texts('weight_names').map((path) => group.weight(path)) };
  });
}

/** @param step the difference between the counters of consecutive layers. */
function countedLayers(fileName: string, top: H5Group, step: number): CountedLayer[] {
  const counted = top.names().map((groupName) => {
    const [, kind, count = '0'] = /^(.*?)(?:_(\d+))?$/s.exec(groupName)!;
    return { kind: kind!, count: Number(count), groupName };
  });
  // Sort by counter: in alphabetical order, conv2d_10 precedes conv2d_9.
  counted.sort((a, b) => a.count - b.count);
  const layers = counted.map(({ kind, count, groupName }) => ({
    count,
    layer: countedLayer(fileName, top.group(groupName), kind),
  }));
  const withWeights = layers.filter(({ layer }) => layer.weights.length > 0);
  const seen = new Map<string, number>();
  return withWeights.map(({ count, layer }) => {
    const expected = seen.get(layer.kind) ?? 0;
    if (count !== expected) {
      const missing = `${top.path}/${layer.kind}${expected === 0 ? '' : `_${expected}`}`;
      throw new ModelError(`${fileName}: expected a Group at ${missing}, received ${layer.path} in its place.`);
    }
    seen.set(layer.kind, expected + step);
    return layer;
  });
}

function countedLayer(fileName: string, group: H5Group, kind: string): CountedLayer {
  const { path } = group;
  const there = group.names();
  if (there.includes('layers') || there.includes('_layer_checkpoint_dependencies'))
    throw new ModelError(
      `${fileName}: expected the layers of a backbone, received a nested model at ${path}; ` +
        'save it alone: model.get_layer(ITS NAME).save_weights("x.weights.h5").',
    );
  if (!there.includes('vars')) return { path, kind, weights: [] };
  const vars = group.group('vars');
  const weights = vars.names().map((_, index) => vars.weight(String(index)));
  return { path, kind, weights, ...(vars.hasAttribute('name') ? { name: vars.text('name') } : {}) };
}
