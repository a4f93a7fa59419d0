/** Matches the datasets of a file with a backbone's weights by layer order, by names or counters, and by shapes. */
import { backboneTable, variantOf } from '../backbones/table.ts';
import type { Classifier } from '../classifier/classifier.ts';
import type { ModelWeight } from '../classifier/model-weights.ts';
import { ModelError } from '../errors.ts';
import type { StoredWeight } from './h5-group.ts';
import { counterKind, counterOf, isTopName, kindOf, type LayerKind, weightName } from './keras-names.ts';
import { howToSave, howToSaveWithoutTop } from './save-advice.ts';
import type { StoredLayer } from './stored-layers.ts';

export interface MatchedWeight {
  weight: ModelWeight;
  /** Has the same shape. */
  stored: StoredWeight;
  /** File and group, for messages. */
  where: string;
}

/**
 * Pairs all weights of a classifier's backbone with those of a file, which may also contain a classification top.
 *
 * @throws ModelError naming the file, the group, what was expected and what was found, if a weight is missing, unexpected, or
 * has a different name or shape.
 */
export function matchLayers(
  fileName: string,
  { backbone, backboneWeights, cutPoints, featureWidth, model }: Classifier,
  stored: readonly StoredLayer[],
): MatchedWeight[] {
  const { topLayer, unnamedInKeras } = backboneTable[backbone.family];
  const { reference } = variantOf(backbone);
  const madeAt = new Map(model.layers.map(({ name, id }) => [name, id]));
  const expected = expectedLayers(backboneWeights, madeAt, unnamedInKeras);
  const left = [...stored];
  const pairs = expected.map((wanted, index) => {
    const place = left.findIndex(({ name, kind, unordered }) =>
      unordered ? name === wanted.name : kind === undefined || kind === wanted.kind,
    );
    const found = left[place];
    if (found === undefined || !fits(found, wanted)) {
      throw new ModelError(
        `${fileName}: expected ${describeLayer(wanted)} at position ${index + 1} of ${expected.length}, ` +
          `received ${found === undefined ? endOf(stored, wanted.kind) : nameOf(found)}; ${howToSave(reference)}`,
      );
    }
    left.splice(place, 1);
    return { wanted, found, matched: matchWeights(fileName, wanted, found) };
  });
  checkCounters(fileName, pairs);
  if (left.length > 1 || (left[0] !== undefined && !isTop(left[0], topLayer, featureWidth))) {
    const others = left.slice(0, 3).map((layer) => describeStored(layer));
    throw new ModelError(
      `${fileName}: expected nothing after the backbone except ${reference.library === 'keras' ? "Keras'" : "timm's"} ${topLayer} of ${featureWidth} features, ` +
        `received ${others.join(', ')}; ${howToSaveWithoutTop(reference, cutPoints.at(-2)!.layerName)}`,
    );
  }
  return pairs.flatMap(({ matched }) => matched);
}

// --- internal ---

interface ExpectedLayer {
  name: string;
  kind: LayerKind;
  /** Whether a file may have a default name with a counter for it. */
  unnamed: boolean;
  /** Increases in the order in which Keras creates layers, which differs from execution order. */
  madeAt: number;
  weights: ModelWeight[];
}

function expectedLayers(
  weights: readonly ModelWeight[],
  madeAt: ReadonlyMap<string, number>,
  unnamedInKeras: RegExp | undefined,
): ExpectedLayer[] {
  const layers = new Map<string, ModelWeight[]>();
  for (const weight of weights) layers.set(weight.layerName, [...(layers.get(weight.layerName) ?? []), weight]);
  return [...layers].map(([name, own]) => ({
    name,
    kind: kindOf(own.map((weight) => weight.weightName)),
    unnamed: unnamedInKeras?.test(name) ?? false,
    madeAt: madeAt.get(name)!,
    weights: own,
  }));
}

function fits({ name }: StoredLayer, wanted: ExpectedLayer): boolean {
  return name === undefined || name === wanted.name || (wanted.unnamed && counterKind(name) === wanted.kind);
}

/**
 * Keras numbers layers in creation order and lists them in execution order, which differ in InceptionV3. The counters reveal
 * swapped layers of equal shape.
 */
function checkCounters(fileName: string, pairs: readonly { wanted: ExpectedLayer; found: StoredLayer }[]): void {
  const last = new Map<LayerKind, { wanted: ExpectedLayer; name: string }>();
  for (const { wanted, found } of pairs.toSorted((a, b) => a.wanted.madeAt - b.wanted.madeAt)) {
    const { name } = found;
    if (name === undefined || name === wanted.name) continue;
    const before = last.get(wanted.kind);
    if (before !== undefined && counterOf(before.name) >= counterOf(name))
      throw new ModelError(
        `${fileName}: expected a lower counter for ${before.wanted.name} than for ${wanted.name}, which Keras creates later, ` +
          `received ${before.name} and ${name}: the layers are swapped.`,
      );
    last.set(wanted.kind, { wanted, name });
  }
}

function isTop({ name, kind, weights }: StoredLayer, topLayer: string, featureWidth: number): boolean {
  const [kernel, bias, ...others] = weights.map(({ shape }) => shape);
  const classes = kernel?.at(-1);
  // The top of MobileNet is a 1×1 convolution of the pooled features.
  const [shape, ownKind] =
    topLayer === 'conv_preds' ? [[1, 1, featureWidth, classes], 'conv2d'] : [[featureWidth, classes], 'dense'];
  return (
    (name === undefined || isTopName(name, topLayer)) &&
    (kind === undefined || kind === ownKind) &&
    `${kernel}` === `${shape}` &&
    `${bias}` === `${classes}` &&
    others.length === 0
  );
}

function matchWeights(fileName: string, wanted: ExpectedLayer, found: StoredLayer): MatchedWeight[] {
  const where = `${fileName}: ${found.path}${found.name === wanted.name ? '' : ` (${wanted.name})`}`;
  const names = wanted.weights.map((weight) => weightName(wanted.name, weight.weightName));
  // In a .weights.h5 file they have only numbers for names.
  const storedNames = found.weights.map(({ name }, index) =>
    found.kind === undefined ? weightName(found.name, name) : (names[index] ?? name),
  );
  const expected = wanted.weights.map(({ shape }, index) => describe(names[index]!, shape)).join(', ');
  const received = found.weights.map(({ shape }, index) => describe(storedNames[index]!, shape)).join(', ');
  if (expected !== received) throw new ModelError(`${where}: expected ${expected}, received ${received}.`);
  return wanted.weights.map((weight, index) => ({ weight, stored: found.weights[index]!, where }));
}

/** What stands in place of a missing layer. */
function endOf([first]: readonly StoredLayer[], kind: LayerKind): string {
  if (first?.unordered) return 'no layer of this name';
  return first?.kind === undefined ? 'the end of the file' : `no further ${kind}`;
}

function describeLayer({ name, unnamed, kind }: ExpectedLayer): string {
  return unnamed ? `a ${kind} (${name})` : `layer ${name}`;
}

function nameOf({ name, path, kind }: StoredLayer): string {
  if (kind === undefined) return name;
  return name === undefined ? path : `${path} (${name})`;
}

function describeStored(layer: StoredLayer): string {
  return `${nameOf(layer)} with ${layer.weights.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ')}`;
}

function describe(name: string, shape: readonly number[]): string {
  return `${name} [${shape.join(', ')}]`;
}
