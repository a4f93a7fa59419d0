import type { Classifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { ModelError } from '../errors.ts';
import { type StoredLayer, type StoredWeight, withStoredLayers } from './h5-file.ts';

/**
 * Loads a keras-applications `.h5` file (without its classification top) into a classifier's backbone, all or nothing.
 *
 * Layers are taken in the file's order, and every name, shape and number is checked before the first weight changes.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError naming the file, the group, what was expected and what is there; the classifier is as it was then.
 */
export async function loadBackboneWeights(
  classifier: Classifier,
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  const expected = byLayer(classifier.backboneWeights);
  const values = await withStoredLayers(file, (layers) => matchLayers(file.name, expected, layers));
  setWeights(values);
}

// --- internal ---

function byLayer(weights: readonly ModelWeight[]): Map<string, ModelWeight[]> {
  const layers = new Map<string, ModelWeight[]>();
  for (const weight of weights) layers.set(weight.layerName, [...(layers.get(weight.layerName) ?? []), weight]);
  return layers;
}

function matchLayers(
  fileName: string,
  expected: ReadonlyMap<string, ModelWeight[]>,
  stored: readonly StoredLayer[],
): Map<ModelWeight, Float32Array> {
  const expectedNames = [...expected.keys()];
  const count = Math.max(expectedNames.length, stored.length);
  for (let index = 0; index < count; index += 1) {
    const [wanted, found] = [expectedNames[index], stored[index]?.name];
    if (wanted !== found)
      throw new ModelError(
        `${fileName}: expected ${wanted === undefined ? 'no more layers with weights' : `layer ${wanted}`} at place ${
          index + 1
        } of ${expectedNames.length}, received ${found ?? 'the end of the file'}; is it a *_no_top.h5 file of this backbone?`,
      );
  }
  return new Map(
    stored.flatMap(({ name, weights }) => matchWeights(`${fileName}: /${name}`, expected.get(name)!, weights)),
  );
}

function matchWeights(
  where: string,
  expected: readonly ModelWeight[],
  stored: readonly StoredWeight[],
): [ModelWeight, Float32Array][] {
  const wanted = expected.map(({ weightName, shape }) => describe(bareName(weightName), shape)).join(', ');
  const found = stored.map(({ name, shape }) => describe(bareName(name), shape)).join(', ');
  if (wanted !== found) throw new ModelError(`${where}: expected ${wanted}, received ${found}.`);
  return expected.map((weight, index) => {
    const values = stored[index]!.read();
    const broken = values.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new ModelError(
        `${where}: expected finite numbers in ${weight.weightName}, received ${values[broken]} at index ${broken}.`,
      );
    return [weight, values];
  });
}

function describe(name: string, shape: readonly number[]): string {
  return `${name} [${shape.join(', ')}]`;
}

/**
 * What Keras' versions have in common: `conv1/conv1/kernel:0` and `conv1/kernel` are `kernel`, and so is a depthwise
 * kernel, which Keras 3 gives that name.
 */
function bareName(name: string): string {
  return name
    .replace(/^.*\//, '')
    .replace(/:\d+$/, '')
    .replace(/^depthwise_kernel$/, 'kernel');
}
