import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { type Calibration, calibrate } from '../calibration/calibration.ts';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { denseFitDefaults } from '../stackers/dense.ts';
import { livelyFeaturesStacker } from '../stackers/features.fixture.ts';
import { toProbabilities } from '../stackers/probabilities.ts';
import { fitStacker } from '../stackers/stacker.ts';
import { type StackerKind, stackerKinds } from '../stackers/table.ts';
import type { TestTimeAugmentation } from '../views/views.ts';
import { viewsOfImages } from '../views/views-of-images.fixture.ts';
import { layersModelFiles } from './layers-model-files.ts';
import { livelyClassifier, smoothImages } from './lively-classifier.fixture.ts';
import { createPlainEnsemble } from './plain-ensemble.ts';
import { type PlainJob, runInPlainTfjs } from './plain-tfjs.fixture.ts';

useNativeBackend();

const slim = (inputSize: number): BackboneSpec => ({ family: 'mobilenet', alpha: 0.25, inputSize });
const imageCount = 6;

/** One that averages probabilities, and one that has logits. */
const isCalibratedToo = (kind: StackerKind) => kind === 'mean' || kind === 'logistic';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-plain-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(model: tf.LayersModel, name: string): Promise<string> {
  const target = join(folder, name);
  await mkdir(target, { recursive: true });
  for (const [file, content] of await layersModelFiles(model)) await writeFile(join(target, file), content);
  return target;
}

/** Logits as a bundle's member predicts them. */
function answer(
  classifiers: readonly Classifier[],
  images: tf.Tensor4D,
  testTimeAugmentation: TestTimeAugmentation,
): Float32Array {
  return tf.tidy(() => {
    const views = viewsOfImages(images, testTimeAugmentation);
    const logits = classifiers.flatMap((classifier) => views.map((view) => classifier.logits(view)));
    return tf.addN(logits).div(logits.length).dataSync<'float32'>().slice();
  });
}

/** Pooled features of the network that the classifiers share, as a bundle's member predicts them. */
function featuresOf(
  [first]: readonly Classifier[],
  images: tf.Tensor4D,
  testTimeAugmentation: TestTimeAugmentation,
): Float32Array {
  return tf.tidy(() => {
    const views = viewsOfImages(images, testTimeAugmentation);
    const features = views.map((view) => first!.features(view));
    return tf.addN(features).div(features.length).dataSync<'float32'>().slice();
  });
}

describe.each([
  { classes: ['a', 'b'], testTimeAugmentation: true as const },
  { classes: ['a', 'b', 'c'], testTimeAugmentation: 'zoom' as const },
])(
  'members of $classes.length classes, two sizes, one on raw BGR, one of two folds; test-time augmentation $testTimeAugmentation',
  ({ classes, testTimeAugmentation }) => {
    const classCount = classes.length;
    const models = [
      'image_32',
      '0.bgr',
      ...stackerKinds.flatMap((kind) => [kind, ...(isCalibratedToo(kind) ? [`${kind}, calibrated`] : [])]),
    ];
    const calibration: Calibration =
      classCount === 2
        ? { kind: 'temperature', temperature: 0.6 }
        : { kind: 'vector', scales: [0.7, 1.5, 2], biases: [0.3, 0, -0.2] };
    const wanted: Float32Array[] = [];
    let outputs: number[][];

    beforeAll(async () => {
      const bySize = new Map([32, 47].map((size) => [size, smoothImages(imageCount, size, 3)]));
      const members = [
        // A name that another layer of the model could have.
        {
          name: 'image_32',
          size: 32,
          classifiers: [1, 2].map((seed) => livelyClassifier({ classes, seed, backbone: slim(32) })),
        },
        {
          name: '0.bgr',
          size: 47,
          classifiers: [
            livelyClassifier({ classes, seed: 3, backbone: slim(47), preprocessing: 'raw-bgr', dropout: 0.5 }),
          ],
        },
      ];
      const logits = members.map(({ classifiers, size }) =>
        answer(classifiers, bySize.get(size)!, testTimeAugmentation),
      );
      const features = new Map(
        members.map(({ classifiers, size }, index) => [
          index,
          featuresOf(classifiers, bySize.get(size)!, testTimeAugmentation),
        ]),
      );
      const labels = Array.from({ length: imageCount }, (_, row) => row % classCount);
      const stackers = stackerKinds.map((kind) => {
        if (kind === 'features')
          return livelyFeaturesStacker(features, { rowCount: imageCount, memberCount: 2, classCount });
        const dense = { ...denseFitDefaults, epochCount: 20, patience: null };
        return fitStacker(kind, logits, labels, { classCount, seed: 1, options: { dense } });
      });

      const jobs: PlainJob[] = [];
      const inputs = members.map(({ size }) => ({
        values: Array.from(bySize.get(size)!.dataSync()),
        shape: [imageCount, size, size, 3],
      }));
      for (const [index, stacker] of stackers.entries()) {
        const plain = createPlainEnsemble(members, {
          testTimeAugmentation,
          stacker: stacker.toJSON(),
          calibration: null,
        });
        if (index === 0)
          for (const [place, { name, model }] of plain.members.entries()) {
            jobs.push({ folder: await save(model, `${classCount}/${name}`), inputs: [inputs[place]!] });
            wanted.push(toProbabilities(logits[place]!, classCount));
          }
        jobs.push({ folder: await save(plain.model, `${classCount}/${stacker.kind}`), inputs });
        wanted.push(stacker.predict(logits, features));
        plain.dispose();
        if (!isCalibratedToo(stacker.kind)) continue;
        const calibrated = createPlainEnsemble(members, {
          testTimeAugmentation,
          stacker: stacker.toJSON(),
          calibration,
        });
        jobs.push({ folder: await save(calibrated.model, `${classCount}/${stacker.kind}-calibrated`), inputs });
        wanted.push(calibrate(stacker.predict(logits), calibration, classCount));
        calibrated.dispose();
      }
      for (const classifier of members.flatMap(({ classifiers }) => classifiers)) classifier.dispose();
      outputs = await runInPlainTfjs(jobs);
    });

    it.each(models.map((model, index) => ({ model, index })))('$model predicts the same in plain tfjs', ({ index }) => {
      const [here, there] = [wanted[index]!, outputs[index]!];
      const ofFirstClass = Array.from({ length: imageCount }, (_, row) => here[row * classCount]!);
      expect(Math.max(...ofFirstClass) - Math.min(...ofFirstClass)).toBeGreaterThan(0.005);
      // Products of hundreds of features nearly cancel each other, as in the ONNX graph's test.
      expect(largestDifference(here, there)).toBeLessThan(models[index] === 'features' ? 5e-5 : 1e-5);
    });
  },
);

it('leaks no tensor if members cannot be joined', () => {
  const classifier = createClassifier({ backbone: slim(32), classes: ['a', 'b'], seed: 1 });
  const before = tf.memory().numTensors;
  const stacker = { kind: 'mean', memberCount: 2, classCount: 2 } as const;
  const twice = [1, 2].map(() => ({ name: 'same', classifiers: [classifier] }));
  expect(() => createPlainEnsemble(twice, { testTimeAugmentation: false, stacker, calibration: null })).toThrow(/same/);
  expect(tf.memory().numTensors).toBe(before);
  classifier.dispose();
});

it('leaks no tensor when disposed', () => {
  const before = tf.memory().numTensors;
  const classifier = createClassifier({ backbone: slim(32), classes: ['a', 'b'], seed: 1 });
  const stacker = { kind: 'mean', memberCount: 1, classCount: 2 } as const;
  const plain = createPlainEnsemble([{ name: 'only', classifiers: [classifier] }], {
    testTimeAugmentation: true,
    stacker,
    calibration: null,
  });
  classifier.dispose();
  plain.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
