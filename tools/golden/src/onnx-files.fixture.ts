/** ONNX files of every kind that Chorus writes, and damaged ones. */
import {
  type BackboneFamily,
  backboneFamilies,
  backboneTable,
  type Calibration,
  type Classifier,
  createClassifier,
  fitStacker,
  stackerKinds,
} from '@chorus/models';
import {
  classifierModel,
  classifierValues,
  ensembleGraph,
  memberGraph,
  modelBytes,
  modelFiles,
  type OnnxGraph,
  probabilitiesOutput,
} from '@chorus/models/onnx';

/** A model and its data file, if it has one. */
export interface OnnxFile {
  name: string;
  model: Uint8Array;
  data?: { name: string; content: Uint8Array };
}

/** What shape inference returns: a dimension is a number, `N`, or null if unknown. */
export interface ValidFile extends OnnxFile {
  outputs: Readonly<Record<string, readonly [type: 'FLOAT', shape: readonly (number | 'N' | null)[]]>>;
}

export interface DamagedFile extends OnnxFile {
  /** What the checker reports. */
  error: RegExp;
}

/** Every family, whole and cut as for `lastLayers`; one member, with its data in a second file; ensembles with every stacker. */
export function validFiles(): ValidFile[] {
  return [...backboneFamilies.flatMap(filesOfFamily), memberWithData(), ...[2, 3].flatMap(ensembles)];
}

export function damagedFiles(): DamagedFile[] {
  const graph = smallMember();
  const [output] = graph.outputs;
  const damaged = (name: string, change: Partial<OnnxGraph>, error: RegExp) => ({
    ...{ name, model: modelBytes({ ...graph, ...change }), error },
  });
  const { data, ...withoutData } = memberWithData();
  return [
    damaged(
      'wrong output shape',
      { outputs: [{ ...output!, shape: ['N', 7] }] },
      /differ in dimension 1: \(3\) vs \(7\)/,
    ),
    damaged(
      'wrong output type',
      { outputs: [{ ...output!, type: 'uint8' }] },
      /elem type differs from existing elem type/,
    ),
    damaged('unsorted nodes', { nodes: graph.nodes.toReversed() }, /topologically sorted/),
    damaged(
      'unknown operator',
      { nodes: graph.nodes.map((node) => (node.operator === 'Clip' ? { ...node, operator: 'Clap' } : node)) },
      /No Op registered for Clap/,
    ),
    damaged(
      'kernel of another size',
      { constants: graph.constants.map((one) => (one.name.endsWith('head/kernel') ? transposed(one) : one)) },
      /head\): .*mismatch in unification between 3 and 256/,
    ),
    { ...withoutData, name: 'missing data', error: /should be stored in .*member\.onnx\.data/ },
  ];
}

// --- internal ---

/** Frozen in the cut models are all layers but these. */
const lastLayers = 30;

/** The checks do not read weights: the backbone's stay zero, which takes no time. */
function classifierOf(family: BackboneFamily, classCount: number): Classifier {
  const { variants, minimumInputSize: inputSize } = backboneTable[family];
  const [smallest] = variants;
  const classes = Array.from({ length: classCount }, (_, index) => `class ${index}`);
  const backbone = { family, variant: smallest.name, inputSize };
  return createClassifier({ backbone, classes, seed: 1, initializes: 'head' });
}

function filesOfFamily(family: BackboneFamily): ValidFile[] {
  const classifier = classifierOf(family, 3);
  const { cut } = classifier.fineTuneView({ lastLayers }, { batchNorm: 'moving' });
  const files = [
    { output: 'logits', shape: [3] },
    { output: 'features', shape: [classifier.featureWidth] },
    { output: { cut: cut.layerName }, shape: cut.shape },
  ] as const;
  const written = files.map(({ output, shape }): ValidFile => {
    const what = typeof output === 'string' ? output : `activations at ${output.cut}`;
    return {
      name: `${family}, ${what}`,
      model: classifierModel(classifier, output),
      outputs: { [classifierValues.output]: ['FLOAT', ['N', ...shape]] },
    };
  });
  classifier.dispose();
  return written;
}

function smallMember(): OnnxGraph {
  const classifier = classifierOf('mobilenet', 3);
  const graph = memberGraph({ name: 'member', classifiers: [classifier] }, { testTimeAugmentation: false });
  classifier.dispose();
  return graph;
}

function memberWithData(): ValidFile {
  const dataFile = 'member.onnx.data';
  const { model, data } = modelFiles(smallMember(), { dataFile, maximumInlineBytes: 0 });
  return {
    name: 'member with a data file',
    model,
    data: { name: dataFile, content: Buffer.concat(data) },
    outputs: { [probabilitiesOutput]: ['FLOAT', ['N', 3]] },
  };
}

/** Two members, one of them of two folds, with and without test-time augmentation. */
function ensembles(classCount: number): ValidFile[] {
  const members = [
    { name: 'wide', classifiers: [classifierOf('mobilenet', classCount), classifierOf('mobilenet', classCount)] },
    { name: 'deep', classifiers: [classifierOf('mobilenet-v2', classCount)] },
  ];
  const labels = Array.from({ length: 4 * classCount }, (_, row) => row % classCount);
  const logits = members.map(() =>
    Float32Array.from({ length: classCount === 2 ? labels.length : labels.length * classCount }, (_, index) =>
      Math.sin(index),
    ),
  );
  const features = new Map(
    members.map(({ classifiers }, member) => [
      member,
      Float32Array.from({ length: labels.length * classifiers[0]!.featureWidth }, (_, index) => Math.cos(index)),
    ]),
  );
  const written = stackerKinds.flatMap((kind) => {
    const stacker = fitStacker(kind, logits, labels, { classCount, seed: 1, features }).toJSON();
    return ([true, false, ...(kind === 'mean' ? (['scales'] as const) : [])] as const).map(
      (testTimeAugmentation): ValidFile => ({
        name: `ensemble of ${classCount} classes with ${kind}, test-time augmentation ${testTimeAugmentation}`,
        model: modelBytes(ensembleGraph(members, { testTimeAugmentation, stacker, calibration: null })),
        // The rows of other views join those of the images and are averaged with them; inference does not follow their number.
        outputs: { [probabilitiesOutput]: ['FLOAT', [testTimeAugmentation ? null : 'N', classCount]] },
      }),
    );
  });
  const stacker = fitStacker('mean', logits, labels, { classCount, seed: 1 }).toJSON();
  const ones = labels.slice(0, classCount).map(() => 1);
  const calibrations = [
    { kind: 'temperature', temperature: 1.5 },
    { kind: 'vector', scales: ones, biases: ones },
  ] satisfies Calibration[];
  for (const calibration of calibrations)
    written.push({
      name: `ensemble of ${classCount} classes, calibrated by ${calibration.kind}`,
      model: modelBytes(ensembleGraph(members, { testTimeAugmentation: false, stacker, calibration })),
      outputs: { [probabilitiesOutput]: ['FLOAT', ['N', classCount]] },
    });
  for (const { classifiers } of members) for (const classifier of classifiers) classifier.dispose();
  return written;
}

function transposed<T extends { shape: readonly number[] }>(constant: T): T {
  return { ...constant, shape: constant.shape.toReversed() };
}
