import h5wasm, { File, type Group } from 'h5wasm';
import type { Classifier } from '../classifier/classifier.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';
import type { StoredWeight } from './h5-group.ts';
import { kindOf } from './keras-names.ts';
import type { StoredLayer } from './stored-layers.ts';

export interface LayerToWrite {
  name: string;
  weights: { name: string; shape: number[]; values: Float32Array | Float64Array | Int32Array }[];
}

let fileCount = 0;

/** Writes a file with libhdf5 and returns its bytes. */
export async function h5File(write: (file: File) => void): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const path = `/written-${fileCount++}.h5`;
  const file = new File(path, 'w');
  write(file);
  file.close();
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return bytes;
}

/** Writes layers as Keras does into `.h5` files, including layers without weights. */
export function writeLayers(top: Group, layers: readonly LayerToWrite[]): void {
  writeTexts(top, 'layer_names', ['input_1', ...layers.map(({ name }) => name)]);
  writeTexts(top.create_group('input_1'), 'weight_names', []);
  for (const { name, weights } of layers) {
    const group = top.create_group(name);
    writeTexts(
      group,
      'weight_names',
      weights.map((weight) => weight.name),
    );
    for (const { name: path, values, shape } of weights) {
      const parts = path.split('/');
      const folder = parts
        .slice(0, -1)
        .reduce<Group>((parent, part) => (parent.get(part) as Group | null) ?? parent.create_group(part), group);
      folder.create_dataset({ name: parts.at(-1)!, data: values, shape });
    }
  }
}

/** Replaces an attribute with a list of strings as h5py writes it: of equal length, or an array of numbers if it is empty. */
export function writeTexts(group: Group, attributeName: string, texts: readonly string[]): void {
  if (attributeName in group.attrs) group.delete_attribute(attributeName);
  if (texts.length === 0) group.create_attribute(attributeName, new Float64Array());
  else group.create_attribute(attributeName, [...texts], null, `S${Math.max(...texts.map((text) => text.length))}`);
}

/**
 * Writes layers as Keras does into `.weights.h5` files, including layers without weights.
 *
 * @param names whether `vars` has the layer's name, as since Keras 3.6.
 * @param folder the layers' group, and the difference between their counters: Keras 2.12 to 2.14 differ.
 */
export function writeCountedLayers(
  file: Group,
  layers: readonly LayerToWrite[],
  { names = true, folder = 'layers', step = 1 }: { names?: boolean; folder?: string; step?: number } = {},
): void {
  const counts = new Map<string, number>();
  const writeLayer = (kind: string, { name, weights }: LayerToWrite) => {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + (weights.length > 0 ? step : 1));
    const vars = top.create_group(count === 0 ? kind : `${kind}_${count}`).create_group('vars');
    if (names) vars.create_attribute('name', name);
    for (const [index, { values, shape }] of weights.entries())
      vars.create_dataset({ name: String(index), data: values, shape });
  };
  const top = file.create_group(folder);
  writeLayer('input_layer', { name: 'input_1', weights: [] });
  for (const [index, layer] of layers.entries()) {
    writeLayer(kindOfLayer(layer), layer);
    writeLayer('re_lu', { name: `re_lu_${index}`, weights: [] });
  }
  const own = file.create_group('vars');
  if (names) own.create_attribute('name', 'model');
}

/** The layers of a keras-applications file of this backbone, with numbers derived from the weights' names. */
export function layersOf(classifier: Classifier): LayerToWrite[] {
  return layersWith(classifier, (name, shape) =>
    glorotUniform(shape.length > 1 ? shape : [1, shape[0]!], 7, name).map((one) => one + 1.5),
  );
}

/** The same with a single number per weight: its index among the backbone's weights. */
export function placesOf(classifier: Classifier): LayerToWrite[] {
  return layersWith(classifier, (_name, _shape, place) => Float32Array.of(place));
}

/** These layers as they are read from an `.h5` file. */
export function listed(layers: readonly LayerToWrite[]): StoredLayer[] {
  return layers.map(({ name, weights }) => ({ path: `/${name}`, name, weights: weights.map(toStored) }));
}

/** These layers as they are read from a `.weights.h5` file; before Keras 3.6 without names. */
export function counted(layers: readonly LayerToWrite[], { names = true } = {}): StoredLayer[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const kind = kindOfLayer(layer);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return {
      path: `/layers/${kind}${count === 0 ? '' : `_${count}`}`,
      kind,
      ...(names ? { name: layer.name } : {}),
      weights: layer.weights.map((weight, index) => ({ ...toStored(weight), name: String(index) })),
    };
  });
}

/** A classification top as keras.applications adds it to a backbone: zeros, for two classes. */
export function topOf({ featureWidth }: Classifier, name: string): LayerToWrite {
  const shape = name === 'conv_preds' ? [1, 1, featureWidth, 2] : [featureWidth, 2];
  return {
    name,
    weights: [
      { name: `${name}/kernel:0`, shape, values: new Float32Array(2 * featureWidth) },
      { name: `${name}/bias:0`, shape: [2], values: new Float32Array(2) },
    ],
  };
}

/**
 * The same layers with counters as the names of those that Keras leaves unnamed.
 *
 * @param naming `order`: for the layers of a kind in execution order, their positions in the order in which Keras creates them;
 * `first`: the first layer's counter, which may be any number, as counters continue from model to model.
 */
export function withCounters(
  layers: readonly LayerToWrite[],
  unnamed: RegExp,
  {
    convolution,
    batchNorm,
    order,
    first,
  }: { convolution: string; batchNorm: string; order: readonly number[]; first: number },
): LayerToWrite[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    if (!unnamed.test(layer.name)) return layer;
    const kind = layer.weights.length === 1 ? convolution : batchNorm;
    const place = counts.get(kind) ?? 0;
    counts.set(kind, place + 1);
    const counter = first + order[place]!;
    const name = counter === 0 ? kind : `${kind}_${counter}`;
    return {
      name,
      weights: layer.weights.map((weight) => ({ ...weight, name: weight.name.replace(layer.name, name) })),
    };
  });
}

/** The same layers with their weights named as in Keras 1. */
export function namedAsInKeras1(layers: readonly LayerToWrite[]): LayerToWrite[] {
  const old: Record<string, string> = { kernel: 'W', moving_mean: 'running_mean', moving_variance: 'running_std' };
  return layers.map(({ name, weights }) => ({
    name,
    weights: weights.map((weight) => {
      const last = weight.name.replace(/^.*\/|:0$/g, '');
      return { ...weight, name: `${name}_${old[last] ?? last}:0` };
    }),
  }));
}

// --- internal ---

function layersWith(
  classifier: Classifier,
  valuesOf: (name: string, shape: readonly number[], place: number) => Float32Array,
): LayerToWrite[] {
  const layers = new Map<string, LayerToWrite>();
  for (const [place, { layerName, weightName, shape }] of classifier.backboneWeights.entries()) {
    const layer = layers.get(layerName) ?? { name: layerName, weights: [] };
    layers.set(layerName, layer);
    const name = `${layerName}/${weightName}`;
    layer.weights.push({ name: `${name}:0`, shape: [...shape], values: valuesOf(name, shape, place) });
  }
  return [...layers.values()];
}

function toStored({ name, shape, values }: LayerToWrite['weights'][number]): StoredWeight {
  return { name, shape, read: () => values as Float32Array };
}

function kindOfLayer({ weights }: LayerToWrite): string {
  const names = weights.map(({ name }) => name.replace(/^.*\/|:0$/g, ''));
  return names[0] === 'kernel' && weights[0]!.shape.length === 2 ? 'dense' : kindOf(names);
}
