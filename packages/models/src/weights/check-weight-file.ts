import { ModelError } from '../errors.ts';
import { withStoredLayers } from './stored-layers.ts';

/**
 * Checks that a file is a complete `.h5` file of layers with weights, of any backbone; `loadBackboneWeights` checks whether it
 * fits one.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError naming the file, what was expected and what was found.
 */
export async function checkWeightFile(file: { name: string; bytes: Uint8Array }): Promise<void> {
  await withStoredLayers(file, (layers) => {
    const weights = layers.flatMap((layer) => layer.weights);
    if (weights.length === 0)
      throw new ModelError(`${file.name}: expected layers with weights, received ${layers.length} layers with none.`);
    for (const weight of weights) weight.read();
  });
}
