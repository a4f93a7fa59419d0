/** The backbones that plain-ensemble.test.ts does not cover, at their smallest size; tfjs runs them in JavaScript. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackboneSpec, backboneTable } from '../backbones/table.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { toProbabilities } from '../stackers/probabilities.ts';
import { layersModelFiles } from './layers-model-files.ts';
import { livelyClassifier, smoothImages } from './lively-classifier.fixture.ts';
import { createPlainEnsemble } from './plain-ensemble.ts';
import { type PlainJob, runInPlainTfjs } from './plain-tfjs.fixture.ts';

useNativeBackend();

const imageCount = 3;
const classes = ['a', 'b', 'c'];
const backbones = (
  [
    ['mobilenet-v2', 0.35],
    ['inception-v3', 1],
    ['xception', 1],
    ['efficientnet-lite0', 1],
  ] as const
).map(([family, alpha]): BackboneSpec => ({ family, alpha, inputSize: backboneTable[family].minimumInputSize }));

let folder: string;
const wanted: Float32Array[] = [];
let outputs: number[][];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-plain-'));
  const jobs: PlainJob[] = [];
  for (const backbone of backbones) {
    const classifier = livelyClassifier({ backbone, classes, seed: 2 });
    const images = smoothImages(imageCount, backbone.inputSize, 3);
    wanted.push(
      toProbabilities(
        tf.tidy(() => classifier.logits(images).dataSync<'float32'>()),
        classes.length,
      ),
    );
    const stacker = { kind: 'mean', memberCount: 1, classCount: classes.length } as const;
    const plain = createPlainEnsemble([{ name: 'only', classifiers: [classifier] }], {
      testTimeAugmentation: false,
      stacker,
      calibration: null,
    });
    const target = join(folder, backbone.family);
    await mkdir(target);
    for (const [file, content] of await layersModelFiles(plain.members[0]!.model))
      await writeFile(join(target, file), content);
    jobs.push({ folder: target, inputs: [{ values: Array.from(images.dataSync()), shape: images.shape }] });
    plain.dispose();
    classifier.dispose();
    images.dispose();
  }
  outputs = await runInPlainTfjs(jobs);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('plain tfjs', () => {
  it.each(backbones.map((backbone, index) => ({ ...backbone, index })))(
    'predicts the same in plain tfjs: $family',
    ({ index }) => {
      const [here, there] = [wanted[index]!, outputs[index]!];
      const ofFirstClass = Array.from({ length: imageCount }, (_, row) => here[row * classes.length]!);
      expect(Math.max(...ofFirstClass) - Math.min(...ofFirstClass)).toBeGreaterThan(0.02);
      expect(largestDifference(here, there)).toBeLessThan(1e-5);
    },
  );
});
