/** Shared by the tests of `train`: drawn images, experiments that train in seconds, and a folder for runs. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from './experiment/schema.ts';
import type { RunObserver } from './run/observer.ts';
import { smallExperiment } from './small-experiment.fixture.ts';

/** Published weights, which are not on every machine. */
export const pretrained = fileURLToPath(new URL('../../../../shared/data/pretrained/', import.meta.url));

/** Each test file runs in its own process and has its own folder. */
export const parent = mkdtempSync(join(tmpdir(), 'chorus-train-'));
export const at = (name: string) => join(parent, name);

/** The images that {@link drawData} draws. */
export const data = at('data');

/** For a file's `beforeAll`: draws two classes, an image that is in two sets, and a file that is not an image. */
export const drawData = () => drawDataWith(20);

/** The same with another number of training images per class. */
export async function drawDataWith(trainingImagesPerClass: number): Promise<void> {
  // 34 test images, so that the last batch of 32 is partial.
  await drawShapes(data, { seed: 1, imagesPerClass: { train: trainingImagesPerClass, validation: 17 } });
  await cp(join(data, 'train/discs/discs-00000.png'), join(data, 'validation/discs/discs-00000.png'));
  await writeFile(join(data, 'train/stars/stars-00001.png'), 'This is a text.');
}

/** For a file's `afterAll`. */
export const removeRuns = () => rm(parent, { recursive: true, force: true });

/** Process-wide settings, which all runs and evaluations of a test file share. */
export const runtime = { logicalCpuDevices: 3, intraOpThreads: 1 };

/** Two small members on tiny images, which train in a second. The test of a whole run compiles, and fits every stacker. */
export const small = (): Partial<ExperimentInput> => ({
  ...smallExperiment(data),
  recipe: { batchSize: 32, whole: { epochCount: 2 } },
  stackers: { kinds: ['mean', 'logistic'] },
  workers: [{ device: 'cpu:1' }],
  // Earlier runs of the tests must not change later ones.
  runtime: { ...runtime, compile: false, featureCache: false },
});

/** For tests of lanes, each of which takes a second to start. */
export const twoLanes: Partial<ExperimentInput> = { workers: [{ device: 'cpu:1' }, { device: 'cpu:2' }] };

/** Names of weight files in Keras. */
export const names = {
  wide: 'mobilenet_5_0_160_tf_no_top.h5',
  slim: 'mobilenet_2_5_128_tf_no_top.h5',
  third: 'mobilenet_7_5_192_tf_no_top.h5',
};

/** Creates a folder with the published weights of {@link three}. */
export async function copiedWeights(): Promise<string> {
  const folder = await mkdtemp(at('weights-'));
  for (const name of Object.values(names)) await cp(join(pretrained, name), join(folder, name));
  return folder;
}

/** An observer that replaces the weight file of a member after it was checked and before the member trains. */
export const replacing = (folder: string, member: keyof typeof names): Partial<RunObserver> => ({
  onDataset: () => writeFileSync(join(folder, names[member]), 'This is a text.'),
});

/** Three members whose backbones stay frozen. */
export const three = (weights: string): Partial<ExperimentInput> => ({
  ...small(),
  weights,
  members: [...small().members!, { name: 'third', backbone: 'mobilenet', alpha: 0.75 }],
  recipe: { batchSize: 32, head: { epochCount: 2 }, fineTune: { lastLayers: 0 } },
});
