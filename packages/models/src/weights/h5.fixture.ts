import h5wasm, { File, type Group } from 'h5wasm';
import type { Classifier } from '../classifier/classifier.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';

export interface LayerToWrite {
  name: string;
  weights: { name: string; shape: number[]; values: Float32Array | Float64Array | Int32Array }[];
}

let fileCount = 0;

/** Writes a file of any content with libhdf5 and returns its bytes. */
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

/** Writes layers as Keras does, those without weights among them. */
export function writeLayers(top: Group, layers: readonly LayerToWrite[]): void {
  top.create_attribute('layer_names', ['input_1', ...layers.map(({ name }) => name)]);
  top.create_group('input_1').create_attribute('weight_names', new Float64Array());
  for (const { name, weights } of layers) {
    const group = top.create_group(name);
    group.create_attribute(
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

/** What a keras-applications file of this backbone holds, with numbers that follow from the weights' names. */
export function layersOf(classifier: Classifier, suffix = ':0'): LayerToWrite[] {
  const layers = new Map<string, LayerToWrite>();
  for (const { layerName, weightName, shape } of classifier.backboneWeights) {
    const layer = layers.get(layerName) ?? { name: layerName, weights: [] };
    layers.set(layerName, layer);
    const name = `${layerName}/${weightName}`;
    const drawn = glorotUniform(shape.length > 1 ? shape : [1, shape[0]!], 7, name);
    layer.weights.push({ name: `${name}${suffix}`, shape: [...shape], values: drawn.map((one) => one + 1.5) });
  }
  return [...layers.values()];
}

/**
 * The same layers with counters for the names of those that Keras leaves unnamed; counters go on from model to model, so
 * they may start anywhere.
 */
export function withCounters(
  layers: readonly LayerToWrite[],
  unnamed: RegExp,
  { convolution, batchNorm, first }: { convolution: string; batchNorm: string; first: number },
): LayerToWrite[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    if (!unnamed.test(layer.name)) return layer;
    const kind = layer.weights.length === 1 ? convolution : batchNorm;
    const count = counts.get(kind) ?? first;
    counts.set(kind, count + 1);
    const name = count === 0 ? kind : `${kind}_${count}`;
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
