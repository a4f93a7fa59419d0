/** The checks: each compares results of Chorus with those of Keras and reports the worst difference. */
import { backboneTable, variantOf } from '@chorus/models';
import { type GoldenCase, gradientLimit, isKerasCase } from './cases.ts';
import { differences, type Finding, worstOf } from './finding.ts';
import { buildCase, measureFeatures, measurePreprocessing, measureTraining, type Training } from './measure.ts';
import type { Reference, ReferenceTensor } from './reference.ts';
import type { Way } from './way.ts';

/** Compares structure, preprocessing and BatchNorm constants; `worst` is the number of differences. */
export function checkParameters(golden: GoldenCase, reference: Reference): Finding[] {
  const { minimumInputSize, unnamedInKeras } = backboneTable[golden.family];
  const { featureWidth, parameterCount } = variantOf(golden);
  const classifier = buildCase(golden, minimumInputSize);
  const layers = classifier.model.layers.slice(0, -3);
  const nameInKeras = (name: string, given = '') =>
    unnamedInKeras?.test(name) && counterName.test(given) ? given : name;
  const weights = classifier.backboneWeights.map(({ layerName, weightName, shape }, index) => [
    nameInKeras(layerName, reference.weights[index]?.[0]),
    weightName,
    shape,
  ]);
  const batchNorm = layers
    .filter((layer) => layer.weights.some(({ originalName }) => originalName.endsWith('/moving_mean')))
    .map((layer, index) => {
      const { momentum, epsilon } = layer.getConfig();
      return [nameInKeras(layer.name, reference.batchNorm[index]?.[0]), momentum, epsilon];
    });
  const preprocessed = Array.from(measurePreprocessing(classifier));
  classifier.dispose();
  return [
    differences('parameters', [...weights, [layers.length]], [...reference.weights, [reference.layerCount]]),
    differences('parameter count', [parameterCount], [countOf(reference)]),
    differences('feature width', [featureWidth], [reference.featureWidth]),
    differences('BatchNorm momentum and epsilon', batchNorm, reference.batchNorm),
    differences('preprocessing', preprocessed, reference.preprocessed.map(Math.fround)),
  ];
}

/** Compares pooled features at one input size. */
export function checkFeatures(golden: GoldenCase, inputSize: number, reference: Reference, way: Way): Finding[] {
  const found = measureFeatures(golden, inputSize, way);
  return (['inference', 'training'] as const).map((mode) => {
    const expected = tensor(reference, `features/${inputSize}/${mode}`);
    const worst = expected.distanceTo(found[mode]) / expected.norm;
    return { check: `features at ${inputSize} px, ${mode}, ${way}`, worst, limit: 1e-4, where: mode };
  });
}

/** Compares gradients, losses, statistics and weights of three steps that train all layers or the last ones. */
export function checkTraining(golden: GoldenCase, range: 'all' | 'suffix', reference: Reference, way: Way): Finding[] {
  const found = measureTraining(golden, range, reference.statistics, way);
  const name = `${range === 'all' ? '' : ', frozen front'}, ${way}`;
  const isWhole = range === 'all';
  // Keras has two kinds of BatchNorm, PyTorch one.
  const hasFused = isWhole && isKerasCase(golden);
  const limit = isWhole ? golden.numbers?.gradientLimit : undefined;
  return [
    ...(hasFused ? checkGradients(`gradients${name}`, found.gradients, reference, 'all/fused gradient') : []),
    ...checkGradients(
      hasFused ? `gradients, composed BatchNorm${name}` : `gradients${name}`,
      found.gradients,
      reference,
      `${range}/gradient`,
      limit,
    ),
    ...checkGradients(
      `gradients by moving statistics${name}`,
      found.gradientsByMoving,
      reference,
      `${range}/gradient by moving statistics`,
      limit,
    ),
    worstOf(
      `losses of three steps${name}`,
      1e-3,
      found.losses.map((loss, step) => [`step ${step + 1}`, relative(loss, reference.losses[range][step]!)]),
    ),
    ...checkChanges(name, found, reference, range),
  ];
}

// --- internal ---

/** The automatic name of an unnamed Keras layer, whose counter continues from model to model. */
const counterName = /^(conv2d|depthwise_conv2d|separable_conv2d|batch_normalization)(_\d+)?$/;

/** Gradients below this fraction of all gradients are rounding errors: the next BatchNorm cancels the weight's effect. */
const negligible = 1e-6;
/** Fraction of all gradients. A thousandth of such a gradient is below the float32 precision of the sum, 6e-8. */
const roundingLimit = 1e-7;

function checkGradients(
  check: string,
  found: Training['gradients'],
  reference: Reference,
  prefix: string,
  limit = gradientLimit,
): Finding[] {
  const expected = tensorsBelow(reference, prefix);
  const all = Math.hypot(...Array.from(expected.values(), ({ norm }) => norm));
  const distances = Array.from(expected, ([place, { norm, distanceTo }]) => {
    const gradient = found.get(place);
    const distance = gradient === undefined ? Number.POSITIVE_INFINITY : distanceTo(gradient);
    return { where: weightAt(reference, place), norm, distance };
  });
  const isNegligible = ({ norm }: { norm: number }) => norm < negligible * all;
  return [
    differences(`${check}: which`, [...found.keys()], [...expected.keys()]),
    worstOf(
      check,
      limit,
      distances.filter((one) => !isNegligible(one)).map(({ where, norm, distance }) => [where, distance / norm]),
    ),
    worstOf(
      `${check}: rounding errors`,
      roundingLimit,
      distances.filter(isNegligible).map(({ where, distance }) => [where, distance / all]),
    ),
  ];
}

/** Limit for few weights: Adam's step size does not depend on the gradient's, so a sign decided by rounding has much effect. */
const changeLimit = 0.2;

/** Compares the statistics after three steps and, for few training layers, the weights. */
function checkChanges(name: string, found: Training, reference: Reference, range: 'all' | 'suffix'): Finding[] {
  const expected = tensorsBelow(reference, `${range}/change`);
  const gradients = tensorsBelow(reference, `${range}/gradient`);
  const all = Math.hypot(...Array.from(gradients.values(), ({ norm }) => norm));
  const share = (place: number, { norm, distanceTo }: ReferenceTensor): [string, number] => {
    const change = found.changes.get(place);
    return [weightAt(reference, place), change === undefined ? 1 : distanceTo(change) / norm];
  };
  const shares = Array.from(expected, ([place, one]) => ({ place, share: share(place, one) }));
  const isLearnt = (place: number) => (gradients.get(place)?.norm ?? 0) > negligible * all;
  const frozen = [...found.changes.keys()].filter((place) => !expected.has(place) && !gradients.has(place));
  return [
    differences(`frozen weights that changed${name}`, frozen, []),
    worstOf(
      `BatchNorm statistics${name}`,
      1e-3,
      shares.filter(({ place }) => !gradients.has(place)).map((one) => one.share),
    ),
    ...(range === 'all'
      ? []
      : [
          worstOf(
            `changes of weights${name}`,
            changeLimit,
            shares.filter(({ place }) => isLearnt(place)).map((one) => one.share),
          ),
        ]),
  ];
}

function countOf({ weights }: Reference): number {
  return weights.reduce((sum, [, , shape]) => sum + shape.reduce((product, side) => product * side, 1), 0);
}

function tensor(reference: Reference, name: string) {
  const found = reference.tensors.get(name);
  if (found === undefined) throw new Error(`the reference has no ${name}`);
  return found;
}

/** By place. */
function tensorsBelow(reference: Reference, prefix: string) {
  return new Map(
    Array.from(reference.tensors).flatMap(([name, one]) => {
      const [folder, place] = [name.slice(0, name.lastIndexOf('/')), Number(name.slice(name.lastIndexOf('/') + 1))];
      return folder === prefix ? [[place, one] as const] : [];
    }),
  );
}

function weightAt({ weights }: Reference, place: number): string {
  const [layer, name] = weights[place] ?? ['head', place === weights.length ? 'kernel' : 'bias'];
  return `${layer}/${name}`;
}

function relative(found: number, expected: number): number {
  return Math.abs(found - expected) / Math.abs(expected);
}
