import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  backboneFamilies,
  backboneTable,
  type Calibration,
  calibrate,
  fillView,
  memberFromBytes,
  type StackerKind,
  stackerKinds,
  type TestTimeAugmentation,
  toProbabilities,
  viewsOf,
} from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../bundle.ts';
import { predictFiles } from '../predict.ts';
import { exportBundle } from './export-bundle.ts';
import { type LivelyMember, livelyImages, writeLivelyBundle } from './lively-bundle.fixture.ts';
import { writePhotos } from './photos.fixture.ts';

const check = fileURLToPath(new URL('../../../../tools/golden/export_check.py', import.meta.url));
const { CHORUS_KERAS: python } = process.env;

/** Alternates between an odd size and the smallest valid one. */
const everyBackbone: LivelyMember[] = backboneFamilies.flatMap((family) => {
  const { variants, minimumInputSize } = backboneTable[family];
  return variants.map(({ name: variant }, index) => ({
    name: `${family}_${variant}`,
    backbone: { family, variant, inputSize: index % 2 === 0 ? 131 : minimumInputSize },
  }));
});

const cases: {
  what: string;
  classes: string[];
  testTimeAugmentation: TestTimeAugmentation;
  members: LivelyMember[];
  chosen: StackerKind;
  calibration?: Calibration;
  /** Formats of TensorFlow that `members.py` writes. */
  written?: readonly string[];
}[] = [
  {
    what: 'every backbone, two classes',
    classes: ['a', 'b'],
    testTimeAugmentation: false,
    members: everyBackbone,
    chosen: 'mean',
  },
  {
    what: 'three classes, crops and mirror images, two folds, raw BGR',
    classes: ['a', 'b', 'c'],
    testTimeAugmentation: 'five-crops',
    members: [
      { name: 'folds', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 47 }, modelCount: 2 },
      { name: 'bgr', backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 }, preprocessing: 'raw-bgr' },
    ],
    ...{ chosen: 'weighted', calibration: { kind: 'temperature', temperature: 0.5 } },
  },
  ...stackerKinds.flatMap((chosen) =>
    (['two', 'three'] as const).map((count) => ({
      what: `the stacker ${chosen}, ${count} classes`,
      classes: count === 'two' ? ['a', 'b'] : ['a', 'b', 'c'],
      testTimeAugmentation: 'zoom' as const,
      members: [
        { name: 'one', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 47 } as const },
        { name: 'other', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const },
      ],
      chosen,
      calibration: calibrationOf(count),
      // Converting takes long.
      written: chosen === 'logistic' && count === 'three' ? ['savedmodel', 'tflite'] : [],
    })),
  ),
];

describe.skipIf(python === undefined)(
  'live Keras (skipped unless CHORUS_KERAS is the path of a python with Keras)',
  () => {
    let parent: string;
    beforeAll(async () => {
      // For `pnpm parity`: detects members without predictions.
      console.log(
        JSON.stringify({ members: [...new Set(cases.flatMap(({ members }) => members.map(({ name }) => name)))] }),
      );
      prepareProcess();
      initRuntime({ device: 'cpu:0' });
      parent = await mkdtemp(join(tmpdir(), 'chorus-keras-'));
    });
    afterAll(() => rm(parent, { recursive: true, force: true }));

    it.each(cases)(
      'loads an export and predicts the same: $what',
      async ({ members, written = [], ...options }) => {
        const place = await mkdtemp(join(parent, 'case-'));
        const bundle = join(place, 'bundle');
        await writeLivelyBundle(bundle, members, options);
        const { folder } = await exportBundle(bundle, 'keras');
        const answers = join(place, 'answers');
        await writeAnswers(bundle, answers);
        const [exitCode, stdout, stderr] = await new Promise<[unknown, string, string]>((done) => {
          execFile(python!, [check, folder, answers, ...written], (error, ...printed) =>
            done([error?.code ?? 0, ...printed]),
          );
        });
        console.log(stdout);
        expect(exitCode, stderr.slice(-500)).toBe(0);
        expect(stdout.trim().split('\n')).toHaveLength(members.length + 1 + written.length);
      },
      // Keras builds every variant of every backbone.
      600_000,
    );

    it.each([
      ['the ensemble', {}],
      ['the student', { student: true }],
    ])('runs the program of the README, with %s', { timeout: 600_000 }, async (_, options) => {
      const place = await mkdtemp(join(parent, 'program-'));
      const bundle = join(place, 'bundle');
      const backbone = { family: 'mobilenet', alpha: 0.25 } as const;
      await writeLivelyBundle(
        bundle,
        [
          { name: 'one', backbone: { ...backbone, inputSize: 47 } },
          { name: 'other', backbone: { ...backbone, inputSize: 32 } },
        ],
        {
          ...{ classes: ['a', 'b', 'c'], testTimeAugmentation: true, chosen: 'mean', resize: 'pillow' },
          ...{ background: '#c08040', student: { ...backbone, inputSize: 40 } },
        },
      );
      const { folder } = await exportBundle(bundle, 'keras', options);
      const readMe = await readFile(join(folder, 'README.md'), 'utf8');
      await writeFile(join(folder, 'keras/classify.py'), /^```python\n(.*?)^```$/ms.exec(readMe)![1]!);
      const deep = join(place, 'deep.png');
      const samples = Uint16Array.from({ length: 60 * 40 }, (_, index) => 27 * index);
      await sharp(samples, { raw: { width: 60, height: 40, channels: 1 } })
        .toColorspace('grey16')
        .png()
        .toFile(deep);
      const photos = [...(await writePhotos(place)), deep];
      const { predictions } = await predictFiles(bundle, photos, { ...options, workers: 'cpu:0' });
      for (const [index, photo] of photos.entries()) {
        const { stdout } = await promisify(execFile)(python!, ['classify.py', photo], { cwd: join(folder, 'keras') });
        const found = JSON.parse(stdout.replaceAll("'", '"')) as Record<string, number>;
        for (const [label, probability] of Object.entries(predictions[index]!.probabilities))
          expect(Math.abs(found[label]! - probability), photo).toBeLessThan(1e-5);
      }
    });
  },
);

// --- internal ---

function calibrationOf(count: 'two' | 'three'): Calibration {
  return count === 'two'
    ? { kind: 'temperature', temperature: 0.7 }
    : { kind: 'vector', scales: [0.8, 1.5, 1], biases: [0.5, 0, -0.5] };
}

/** The predictions of the members and the ensemble on some images, in the format of the check. */
async function writeAnswers(bundleFolder: string, folder: string): Promise<void> {
  await mkdir(join(folder, 'ensemble'), { recursive: true });
  const { manifest, members, stackers } = await readBundle(bundleFolder);
  const classCount = manifest.classes.length;
  const logits: Float32Array[] = [];
  const features = new Map<number, Float32Array>();
  for (const [index, { name, models }] of members.entries()) {
    const size = models[0]!.manifest.backbone.inputSize;
    const images = livelyImages(4, size, 2);
    const views = tf.tidy(() => {
      const pixels = Uint8Array.from(images.dataSync());
      return viewsOf(manifest.testTimeAugmentation).map((view) => {
        const values = new Float32Array(pixels.length);
        for (let start = 0; start < pixels.length; start += size * size * 3) {
          const end = start + size * size * 3;
          fillView(pixels.subarray(start, end), size, view, values.subarray(start, end));
        }
        return tf.tensor4d(values, images.shape);
      });
    });
    const classifiers = models.map((model) => memberFromBytes(model.manifest, model.weights));
    const meanOf = (run: (view: tf.Tensor4D) => tf.Tensor[]) =>
      tf.tidy(() => {
        const outputs = views.flatMap(run);
        return tf.addN(outputs).div(outputs.length).dataSync<'float32'>();
      });
    logits.push(meanOf((view) => classifiers.map((classifier) => classifier.logits(view))));
    features.set(
      index,
      meanOf((view) => [classifiers[0]!.features(view)]),
    );
    for (const classifier of classifiers) classifier.dispose();
    await writeFile(join(folder, `images_${size}.f32`), images.dataSync());
    await writeFile(join(folder, `${name}.f32`), toProbabilities(logits.at(-1)!, classCount));
    tf.dispose([images, views]);
  }
  const probabilities = stackers.get(manifest.chosen)!.predict(logits, features);
  await writeFile(
    join(folder, 'ensemble/probabilities.f32'),
    calibrate(probabilities, manifest.calibration, classCount),
  );
}
