/** Writes the backbone of a trained member as a weight file in the layout of Keras' `.h5`. */
import { memberFromBytes } from '@chorus/models';
import '@tensorflow/tfjs';
import h5wasm from 'h5wasm';

/**
 * @param {{ manifest: unknown, weights: Uint8Array }} model from a bundle's member.
 * @returns {Promise<Uint8Array>} the file's content.
 */
export async function backboneFile({ manifest, weights }) {
  const classifier = memberFromBytes(manifest, weights);
  const { FS } = await h5wasm.ready;
  const file = new h5wasm.File('/backbone.h5', 'w');
  const layers = new Map();
  for (const weight of classifier.backboneWeights)
    layers.set(weight.layerName, [...(layers.get(weight.layerName) ?? []), weight]);
  writeNames(file, 'layer_names', [...layers.keys()]);
  for (const [layerName, own] of layers) {
    const group = file.create_group(layerName);
    writeNames(
      group,
      'weight_names',
      own.map(({ weightName }) => `${weightName}:0`),
    );
    for (const { weightName, shape, variable } of own)
      group.create_dataset({ name: `${weightName}:0`, data: variable.dataSync(), shape: [...shape] });
  }
  file.close();
  const bytes = FS.readFile('/backbone.h5');
  FS.unlink('/backbone.h5');
  classifier.dispose();
  return bytes;
}

/** A list of fixed-length strings, as Keras stores names. */
function writeNames(group, name, texts) {
  group.create_attribute(name, texts, null, `S${Math.max(...texts.map(({ length }) => length))}`);
}
