import { backboneTable } from '../backbones/table.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { ModelError } from '../errors.ts';
import { type StoredLayer, withStoredLayers } from './h5-file.ts';
import { counterKind, weightName } from './keras-names.ts';

/**
 * Loads a keras-applications `.h5` file (without its classification top) into a classifier's backbone, all or nothing.
 *
 * Layers are taken in the file's order, and every name, shape and number is checked before the first weight changes.
 * Where Keras gives a layer no name, the file has a counter (`conv2d_94`), which may start anywhere: there the order and
 * the kind of layer decide.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError naming the file, the group, what was expected and what is there; the classifier is as it was then.
 */
export async function loadBackboneWeights(
  classifier: Classifier,
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  const expected = expectedLayers(classifier);
  const values = await withStoredLayers(file, (layers) => matchLayers(file.name, expected, layers));
  setWeights(values);
}

// --- internal ---

interface ExpectedLayer {
  name: string;
  /** Whether a file may have a counter for its name. */
  unnamed: boolean;
  weights: ModelWeight[];
}

function expectedLayers({ backbone, backboneWeights }: Classifier): ExpectedLayer[] {
  const { unnamedInKeras } = backboneTable[backbone.family];
  const layers = new Map<string, ExpectedLayer>();
  for (const weight of backboneWeights) {
    const name = weight.layerName;
    const layer = layers.get(name) ?? { name, unnamed: unnamedInKeras?.test(name) ?? false, weights: [] };
    layer.weights.push(weight);
    layers.set(name, layer);
  }
  return [...layers.values()];
}

function matchLayers(
  fileName: string,
  expected: readonly ExpectedLayer[],
  stored: readonly StoredLayer[],
): Map<ModelWeight, Float32Array> {
  const count = Math.max(expected.length, stored.length);
  for (let index = 0; index < count; index += 1) {
    const [wanted, found] = [expected[index], stored[index]?.name];
    if (wanted === undefined || found === undefined || !fits(found, wanted))
      throw new ModelError(
        `${fileName}: expected ${wanted === undefined ? 'no more layers with weights' : describeLayer(wanted)} at place ${
          index + 1
        } of ${expected.length}, received ${found ?? 'the end of the file'}; is it a *_no_top.h5 or *_notop.h5 file of this backbone?`,
      );
  }
  const names = stored.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined)
    throw new ModelError(`${fileName}: expected each layer once in layer_names, received ${repeated} twice.`);
  return new Map(
    expected.flatMap((layer, index) => {
      const { name, weights } = stored[index]!;
      const where = `${fileName}: /${name}${name === layer.name ? '' : ` (${layer.name})`}`;
      return matchWeights(where, layer.weights, { name, weights });
    }),
  );
}

function fits(storedName: string, { name, unnamed, weights }: ExpectedLayer): boolean {
  return storedName === name || (unnamed && counterKind(storedName) === kindOf(weights));
}

function describeLayer({ name, unnamed, weights }: ExpectedLayer): string {
  return unnamed ? `a ${kindOf(weights)} (${name})` : `layer ${name}`;
}

/** Keras leaves only layers of two kinds without a name. */
function kindOf(weights: readonly ModelWeight[]): 'conv2d' | 'batch_normalization' {
  return weights[0]!.weightName === 'kernel' ? 'conv2d' : 'batch_normalization';
}

function matchWeights(
  where: string,
  expected: readonly ModelWeight[],
  stored: StoredLayer,
): [ModelWeight, Float32Array][] {
  const nameOf = (name: string) => weightName(stored.name, name);
  const wanted = expected.map(({ weightName, shape }) => describe(nameOf(weightName), shape)).join(', ');
  const found = stored.weights.map(({ name, shape }) => describe(nameOf(name), shape)).join(', ');
  if (wanted !== found) throw new ModelError(`${where}: expected ${wanted}, received ${found}.`);
  return expected.map((weight, index) => {
    const values = stored.weights[index]!.read();
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
