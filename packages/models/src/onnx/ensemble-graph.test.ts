import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { type Calibration, calibrate } from '../calibration/calibration.ts';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { livelyClassifier, smoothImages } from '../export/lively-classifier.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { denseFitDefaults } from '../stackers/dense.ts';
import { livelyFeaturesStacker } from '../stackers/features.fixture.ts';
import { toProbabilities } from '../stackers/probabilities.ts';
import { fitStacker } from '../stackers/stacker.ts';
import { logitStackerKinds } from '../stackers/table.ts';
import type { TestTimeAugmentation } from '../views/views.ts';
import { viewsOfImages } from '../views/views-of-images.fixture.ts';
import { ensembleGraph, memberGraph } from './ensemble-graph.ts';
import { modelBytes } from './model-bytes.ts';
import { relativeError, runOnnx, spread } from './onnxruntime.fixture.ts';

useNativeBackend();

const slim = (inputSize: number): BackboneSpec => ({ family: 'mobilenet', alpha: 0.25, inputSize });
const imageCount = 6;

/** Logits as a bundle's member predicts them. */
function logitsOf(classifiers: readonly Classifier[], images: tf.Tensor4D, testTimeAugmentation: TestTimeAugmentation) {
  return tf.tidy(() => {
    const views = viewsOfImages(images, testTimeAugmentation);
    const logits = classifiers.flatMap((classifier) => views.map((view) => classifier.logits(view)));
    return tf.addN(logits).div(logits.length).dataSync<'float32'>().slice();
  });
}

describe.each(
  [
    { classes: ['a', 'b'], crops: 'five-crops' as const },
    { classes: ['a', 'b', 'c'], crops: 'scales' as const },
  ].flatMap(({ classes, crops }) =>
    [true, false, crops].map((testTimeAugmentation) => ({ classes, testTimeAugmentation })),
  ),
)('$classes.length classes, two sizes, two folds; test-time augmentation $testTimeAugmentation', (options) => {
  const { classes, testTimeAugmentation } = options;
  const classCount = classes.length;
  const images = { image_32: smoothImages(imageCount, 32, 3), image_47: smoothImages(imageCount, 47, 3) };
  let members: { name: string; classifiers: Classifier[] }[];
  let logits: Float32Array[];

  beforeAll(() => {
    members = [
      {
        name: 'later',
        classifiers: [livelyClassifier({ classes, seed: 3, backbone: slim(47), preprocessing: 'raw-bgr' })],
      },
      // Names of inputs and of values of the stackers.
      {
        name: 'image_32',
        classifiers: [1, 2].map((seed) => livelyClassifier({ classes, seed, backbone: slim(32) })),
      },
      { name: 'members', classifiers: [livelyClassifier({ classes, seed: 4, backbone: slim(32) })] },
    ];
    logits = members.map(({ classifiers }) => {
      const input = classifiers[0]!.backbone.inputSize === 32 ? images.image_32 : images.image_47;
      return logitsOf(classifiers, input, testTimeAugmentation);
    });
  });
  afterAll(() => {
    for (const { classifiers } of members) for (const classifier of classifiers) classifier.dispose();
    tf.dispose(images);
  });

  it.each([0, 1])('member %d returns the probabilities of TensorFlow', async (index) => {
    const member = members[index]!;
    const name = index === 0 ? 'image_47' : 'image_32';
    const graph = memberGraph(member, { testTimeAugmentation });
    expect(graph.inputs.map((input) => input.name)).toEqual([name]);
    const found = await runOnnx(modelBytes(graph), { [name]: images[name] });
    const wanted = toProbabilities(logits[index]!, classCount);
    expect(found.shape).toEqual([imageCount, classCount]);
    expect(spread(wanted, imageCount)).toBeGreaterThan(0.02);
    expect(relativeError(found.values, wanted)).toBeLessThan(1e-5);
  });

  const calibration: Calibration =
    classCount === 2
      ? { kind: 'temperature', temperature: 0.6 }
      : { kind: 'vector', scales: [0.7, 1.5, 2], biases: [0.3, 0, -0.2] };
  const cases = [
    ...logitStackerKinds.map((kind) => ({ kind, calibration: null, by: 'nothing' })),
    // One that averages probabilities, and one that has logits.
    ...(['mean', 'logistic'] as const).map((kind) => ({ kind, calibration, by: calibration.kind })),
  ];
  it.each(cases)(
    'an ensemble with stacker $kind, calibrated by $by, returns its probabilities',
    async ({ kind, calibration }) => {
      const labels = Array.from({ length: imageCount }, (_, row) => row % classCount);
      const dense = { ...denseFitDefaults, epochCount: 20, patience: null };
      const stacker = fitStacker(kind, logits, labels, { classCount, seed: 1, options: { dense } });
      const graph = ensembleGraph(members, { testTimeAugmentation, stacker: stacker.toJSON(), calibration });
      expect(graph.inputs).toEqual([
        { name: 'image_32', type: 'uint8', shape: ['N', 32, 32, 3] },
        { name: 'image_47', type: 'uint8', shape: ['N', 47, 47, 3] },
      ]);
      expect(graph.outputs).toEqual([{ name: 'probabilities', type: 'float32', shape: ['N', classCount] }]);
      const found = await runOnnx(modelBytes(graph), images);
      const wanted = calibrate(stacker.predict(logits), calibration, classCount);
      expect(found.shape).toEqual([imageCount, classCount]);
      expect(spread(wanted, imageCount)).toBeGreaterThan(0.005);
      expect(relativeError(found.values, wanted)).toBeLessThan(1e-5);
    },
  );

  it('an ensemble with stacker features reads only the members and images that it needs', async () => {
    const features = new Map([1, 2].map((index) => [index, featuresOf(members[index]!.classifiers[0]!)]));
    const stacker = livelyFeaturesStacker(features, { rowCount: imageCount, memberCount: 3, classCount });
    const graph = ensembleGraph(members, { testTimeAugmentation, stacker: stacker.toJSON(), calibration });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['image_32']);
    const found = await runOnnx(modelBytes(graph), { image_32: images.image_32 });
    const wanted = calibrate(stacker.predict(logits, features), calibration, classCount);
    expect(spread(wanted, imageCount)).toBeGreaterThan(0.005);
    // Products of hundreds of features nearly cancel each other.
    expect(relativeError(found.values, wanted)).toBeLessThan(5e-5);
  });

  function featuresOf(classifier: Classifier): Float32Array {
    return tf.tidy(() => {
      const views = viewsOfImages(images.image_32, testTimeAugmentation);
      const all = views.map((view) => classifier.features(view));
      return tf.addN(all).div(all.length).dataSync<'float32'>().slice();
    });
  }
});

it('gives each image of a batch its own answer, with its mirror image', async () => {
  const classifier = livelyClassifier({ classes: ['a', 'b', 'c'], seed: 1, backbone: slim(32) });
  const model = modelBytes(memberGraph({ name: 'only', classifiers: [classifier] }, { testTimeAugmentation: true }));
  const images = smoothImages(3, 32, 5);
  const together = await runOnnx(model, { image_32: images });
  for (const row of [0, 1, 2]) {
    const image = images.slice([row, 0, 0, 0], [1, -1, -1, -1]);
    const alone = await runOnnx(model, { image_32: image });
    expect(alone.shape).toEqual([1, 3]);
    expect(relativeError(together.values.slice(3 * row, 3 * row + 3), alone.values)).toBeLessThan(1e-5);
    image.dispose();
  }
  images.dispose();
  classifier.dispose();
});

it('accepts an ensemble of one member, whose mean is its own answer', async () => {
  const classifier = livelyClassifier({ classes: ['a', 'b'], seed: 1, backbone: slim(32) });
  const member = { name: 'only', classifiers: [classifier] };
  const stacker = { kind: 'mean', memberCount: 1, classCount: 2 } as const;
  const options = { testTimeAugmentation: false };
  const images = { image_32: smoothImages(2, 32, 5) };
  const whole = await runOnnx(modelBytes(ensembleGraph([member], { ...options, stacker, calibration: null })), images);
  expect(whole).toEqual(await runOnnx(modelBytes(memberGraph(member, options)), images));
  tf.dispose(images);
  classifier.dispose();
});

describe('refuses', () => {
  const classifier = createClassifier({ backbone: slim(32), classes: ['a', 'b'], seed: 1 });
  const larger = createClassifier({ backbone: slim(47), classes: ['a', 'b'], seed: 1 });
  afterAll(() => {
    classifier.dispose();
    larger.dispose();
  });
  const ensemble = (names: readonly string[], size: { memberCount: number; classCount: number }) => () =>
    ensembleGraph(
      names.map((name) => ({ name, classifiers: [classifier] })),
      { testTimeAugmentation: false, stacker: { kind: 'mean', ...size }, calibration: null },
    );
  const member = (classifiers: readonly Classifier[]) => () =>
    memberGraph({ name: 'some', classifiers }, { testTimeAugmentation: false });

  it.each([
    {
      what: 'another number of members',
      call: ensemble(['a'], { memberCount: 2, classCount: 2 }),
      message: 'Expected the 2 members that the stacker was fitted on, received 1.',
    },
    {
      what: 'another number of classes',
      call: ensemble(['a'], { memberCount: 1, classCount: 3 }),
      message: 'Expected 3 classes, on which the stacker was fitted, received 2 of member a.',
    },
    {
      what: 'two members of one name',
      call: ensemble(['a', 'a'], { memberCount: 2, classCount: 2 }),
      message: 'the ONNX graph has two values of the same name: a/',
    },
    { what: 'a member without classifiers', call: member([]), message: 'Expected a classifier of member some' },
    {
      what: 'folds of different sizes',
      call: member([classifier, larger]),
      message: /equal input size.*received 47 px, 2 classes and minus-one-to-one beside 32 px/,
    },
  ])('$what', ({ call, message }) => expect(call).toThrow(message));
});
