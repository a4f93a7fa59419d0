import type { Classifier } from '@chorus/models';
import h5wasm, { File, type Group } from 'h5wasm';

/**
 * Writes a weight file of a classifier's backbone in the Keras layout, with random kernels, scaled to keep activations in
 * range, and initial BatchNorm values.
 *
 * @returns the file's bytes; results must not depend on its values.
 */
export async function randomKerasFile({ backboneWeights }: Classifier): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const path = '/random.h5';
  const file = new File(path, 'w');
  const layerNames = [...new Set(backboneWeights.map(({ layerName }) => layerName))];
  file.create_attribute('layer_names', layerNames);
  for (const layerName of layerNames) {
    const weights = backboneWeights.filter((weight) => weight.layerName === layerName);
    const group = file.create_group(layerName);
    // Keras nests the layer's name twice: /conv1/conv1/kernel:0.
    const inner = group.create_group(layerName) as Group;
    group.create_attribute(
      'weight_names',
      weights.map(({ weightName }) => `${layerName}/${weightName}:0`),
    );
    for (const { weightName, shape } of weights)
      inner.create_dataset({ name: `${weightName}:0`, data: numbersFor(weightName, shape), shape: [...shape] });
  }
  file.close();
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return bytes;
}

// --- internal ---

function numbersFor(weightName: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  if (!weightName.endsWith('kernel'))
    return new Float32Array(size).fill(weightName === 'gamma' || weightName === 'moving_variance' ? 1 : 0);
  // The fan-in of a depthwise kernel is its window; of any other, the window times all input channels.
  const inputCount = weightName === 'depthwise_kernel' ? size / shape.at(-2)! : size / shape.at(-1)!;
  const limit = Math.sqrt(6 / inputCount);
  return Float32Array.from({ length: size }, () => (2 * Math.random() - 1) * limit);
}
