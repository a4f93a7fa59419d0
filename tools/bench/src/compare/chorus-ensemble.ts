/** Trains the preset `cpu` on the images of a draw, and predicts the test images from features that were computed before. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calibrate, meanOfModels, toProbabilities } from '@chorus/models';
import { type Bundle, type ExperimentInput, readBundle, reportSchema } from '@chorus/orchestration';
import { runProgram } from '@chorus/python';
import type { Draw } from './draw-images.ts';
import type { ImagePool } from './image-pool.ts';
import { type MemberFeatures, meanFeatures } from './pool-features.ts';

export interface EnsembleResult {
  /** Probabilities of the test images [images, classes]: `chorus`, the calibrated chosen stacker, then each stacker and member. */
  probabilities: Map<string, Float32Array>;
  chosen: string;
  /** Out-of-fold log loss of each stacker. */
  outOfFold: Record<string, number>;
  /** Training images whose labels the audit finds implausible, the least plausible first. */
  implausible: number[];
  /** Of the whole run, with the features of the training images and without those of the pool's test images. */
  seconds: number;
}

export interface EnsembleOptions {
  /** Folder of initial weights. */
  weights: string;
  seed: number;
  /** For the images and the run; what a stopped comparison left there is removed first, and everything afterwards. */
  folder: string;
  /** What differs from the preset. Members must be of those whose features there are, and frozen. */
  changes?: Partial<ExperimentInput>;
}

/**
 * Runs `chorus train --preset cpu` in a process of its own, then applies the heads and stackers of its bundle to features.
 *
 * @param pool images that the draw is of.
 * @param features of the pool's test images, in the order of the preset's members.
 */
export async function trainEnsemble(
  draw: Draw,
  pool: ImagePool,
  features: readonly MemberFeatures[],
  { weights, seed, folder, changes = {} }: EnsembleOptions,
): Promise<EnsembleResult> {
  const [data, out, config] = [join(folder, 'data'), join(folder, 'run'), join(folder, 'changes.json')];
  await rm(folder, { recursive: true, force: true });
  try {
    await layOut(draw, pool, data);
    await writeFile(config, JSON.stringify(changes));
    const startedAtMs = Date.now();
    const places = ['--config', config, '--data', data, '--weights', weights, '--out', out];
    await runProgram(process.execPath, [command, 'train', '--preset', 'cpu', ...places, '--set', `seed=${seed}`]);
    const seconds = (Date.now() - startedAtMs) / 1000;
    const report = reportSchema.parse(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')));
    const bundle = await readBundle(join(out, 'bundle'));
    return {
      probabilities: predictFromFeatures(bundle, features),
      chosen: bundle.manifest.chosen,
      outOfFold: Object.fromEntries(report.stackers.map(({ kind, outOfFold }) => [kind, outOfFold.logLoss])),
      implausible: await implausibleImages(join(out, 'label-issues.csv')),
      seconds,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// --- internal ---

/**
 * Applies the heads, stackers and calibration of a bundle to features.
 *
 * @param features per member.
 */
function predictFromFeatures(
  { manifest, members, stackers }: Bundle,
  features: readonly MemberFeatures[],
): Map<string, Float32Array> {
  const classCount = manifest.classes.length;
  const means = new Map(
    members.map(({ name }, index) => {
      const found = features.find(({ member }) => member === name);
      if (found === undefined)
        throw new Error(
          `Expected features of ${name}, received those of ${features.map(({ member }) => member).join(', ')}.`,
        );
      return [index, meanFeatures(found, manifest.testTimeAugmentation)];
    }),
  );
  const logits = members.map(({ models }, index) =>
    meanOfModels(models.map((model) => headLogits(model, means.get(index)!))),
  );
  const probabilities = new Map<string, Float32Array>();
  for (const [kind, stacker] of stackers) probabilities.set(kind, stacker.predict(logits, means));
  const chosen = calibrate(probabilities.get(manifest.chosen)!, manifest.calibration, classCount);
  const ofMembers = members.map(({ name }, index) => [name, toProbabilities(logits[index]!, classCount)] as const);
  return new Map([['chorus', chosen], ...probabilities, ...ofMembers]);
}

const command = fileURLToPath(new URL('../../../../apps/trainer/dist/main.js', import.meta.url));

/** Copies the images of a draw, named by their index, and one test image per class, without which no run starts. */
async function layOut({ images, labels }: Draw, { classes, train, test }: ImagePool, data: string): Promise<void> {
  for (const split of ['train', 'test'])
    for (const name of classes) await mkdir(join(data, split, name), { recursive: true });
  for (const [row, image] of images.entries())
    await copyFile(train.paths[image]!, join(data, 'train', classes[labels[row]!]!, `${image}.jpg`));
  for (const [label, name] of classes.entries())
    await copyFile(test.paths[test.labels.indexOf(label)]!, join(data, 'test', name, 'unused.jpg'));
}

/** Features × kernel + bias, [images, outputs]; the mean of an image's logits is the logits of its mean features. */
function headLogits(
  { manifest, weights }: Bundle['members'][number]['models'][number],
  means: Float32Array,
): Float32Array {
  const tensor = (name: string) => {
    const { offset, byteLength } = manifest.tensors.find((one) => one.name === name)!;
    const { buffer, byteOffset } = weights.slice(offset, offset + byteLength);
    return new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
  };
  const [kernel, bias] = [tensor('head/kernel'), tensor('head/bias')];
  const [outputCount, width] = [bias.length, kernel.length / bias.length];
  return Float32Array.from({ length: (means.length / width) * outputCount }, (_, index) => {
    const [image, output] = [Math.floor(index / outputCount), index % outputCount];
    let sum = bias[output]!;
    for (let feature = 0; feature < width; feature += 1)
      sum += means[image * width + feature]! * kernel[feature * outputCount + output]!;
    return sum;
  });
}

async function implausibleImages(path: string): Promise<number[]> {
  const [, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
  return lines
    .map((line) => line.split(','))
    .filter(([, set]) => set === 'training')
    .map(([file]) => Number(/(\d+)\.jpg$/.exec(file!)![1]));
}
