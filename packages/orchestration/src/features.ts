/** Pooled features of a pre-trained backbone, for other tools: Keras' `include_top=False, pooling='avg'`. */
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { DataError, type DecodeOptions, resizeMethods, type SkippedImage } from '@chorus/data';
import {
  backboneFamilies,
  backboneTable,
  type Classifier,
  checkBackboneSpec,
  createClassifier,
  loadBackboneWeights,
  variantOf,
  variantOfFile,
} from '@chorus/models';
import { initRuntime, type OnSetupProgress, setupRuntime } from '@chorus/runtime';
import { publishFile } from '@chorus/storage';
import {
  forwardBatchSize,
  forwardRows,
  ImageReader,
  prepareFunction,
  readWeightFile,
  StoppedError,
} from '@chorus/training';
import type * as tf from '@tensorflow/tfjs';
import { ConfigError } from './errors.ts';
import { parseWorkers } from './experiment/resolve.ts';
import { experimentSchema } from './experiment/schema.ts';
import { chooseLanes } from './lanes/choose-lanes.ts';
import { npyBytes } from './npy.ts';
import { requireWritable, writingTo } from './output-place.ts';
import { decodeToStores } from './run/decode-to-stores.ts';

export interface FeaturesOptions {
  /** A family of backbones, such as `mobilenet-v2`. */
  backbone: string;
  /** Width multiplier; by default the one whose shapes the weights have. */
  alpha?: number | undefined;
  /** Path of a keras-applications `.h5` file. */
  weights: string;
  /** Side of the square that images are resized to, pixels; by default the one that Keras takes for this family. */
  inputSize?: number | undefined;
  /** By default `pillow`: what Keras' `load_img(…, interpolation='bilinear')` gives. */
  resize?: string | undefined;
  /** Such as `gpu:1`; by default the first GPU, without one the CPU. */
  device?: string | undefined;
  /** Called after each batch of images. */
  onProgress?: (done: number, total: number) => void;
  /** Stops at the next batch edge. */
  signal?: AbortSignal;
  /** The native runtime is set up, which happens once per user and version. */
  onSetup?: OnSetupProgress;
}

export interface Features {
  /** [images, width], in the order of their paths. */
  rows: Float32Array;
  width: number;
}

/**
 * Computes features of image files, a batch at a time, in this thread: TensorFlow runs in it from then on.
 *
 * @throws ConfigError or ModelError for options or weights that do not fit, before an image is read; DataError naming
 * the files that cannot be decoded; StoppedError after `signal`.
 */
export async function extractFeatures(paths: readonly string[], options: FeaturesOptions): Promise<Features> {
  if (paths.length === 0) throw new ConfigError('Expected image files, received none.');
  const { resize = 'pillow', device = 'auto' } = options;
  const family = oneOf(backboneFamilies, 'a backbone', options.backbone);
  const { maxPixels, timeoutMs, background } = experimentSchema.shape.data.parse({});
  const decoding = { maxPixels, timeoutMs, background, resize: oneOf(resizeMethods, 'a resize method', resize) };
  const weights = await readWeights(options.weights);
  const named = options.alpha === undefined ? undefined : variantOf({ family, alpha: options.alpha });
  const { name: variant, defaultInputSize } = named ?? backboneTable[family].variants[0];
  checkBackboneSpec({ family, variant, inputSize: options.inputSize ?? defaultInputSize });
  await setupRuntime(options.onSetup);
  const { lanes } = await chooseLanes({ workers: parseWorkers(device), runtime: {}, members: [{ name: family }] });
  if (device !== 'auto' && lanes.length > 1) throw new ConfigError(`Expected one device, received "${device}".`);
  initRuntime(lanes[0]!);
  const found = named ?? variantOf({ family, variant: await variantOfFile(family, weights) });
  const backbone = { family, variant: found.name, inputSize: options.inputSize ?? found.defaultInputSize };
  // The head stays unused.
  const classifier = createClassifier({ backbone, classes: ['first', 'second'], seed: 0, initializes: 'head' });
  try {
    await loadBackboneWeights(classifier, weights);
    const rows = await featureRows(classifier, paths, decoding, options);
    return { rows, width: classifier.featureWidth };
  } finally {
    classifier.dispose();
  }
}

/**
 * Writes the features of image files as a NumPy array [images, width], float32; whole, in the place of an earlier one.
 *
 * @param out path that ends in `.npy`.
 * @throws as {@link extractFeatures}, and ConfigError when nothing can be written there; nothing is written then.
 */
export async function writeFeatures(
  out: string,
  paths: readonly string[],
  options: FeaturesOptions,
): Promise<Features> {
  await requirePlace(out);
  const features = await extractFeatures(paths, options);
  await writingTo(out, () => publishFile(out, npyBytes(features.rows, [paths.length, features.width])));
  return features;
}

// --- internal ---

async function featureRows(
  classifier: Classifier,
  paths: readonly string[],
  decoding: DecodeOptions,
  { weights, onProgress, signal }: FeaturesOptions,
): Promise<Float32Array> {
  const { inputSize } = classifier.backbone;
  const rows = new Float32Array(paths.length * classifier.featureWidth);
  const skipped: SkippedImage[] = [];
  const features = prepareFunction(
    { compile: true },
    { name: 'features', callCount: Math.ceil(paths.length / forwardBatchSize) },
    (pixels: tf.Tensor4D) => classifier.features(pixels),
  );
  try {
    for (let start = 0; start < paths.length; start += forwardBatchSize) {
      if (signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
      const batch = paths.slice(start, start + forwardBatchSize).map((path) => ({ path: resolve(path) }));
      const decoded = await decodeToStores(batch, [inputSize], { ...decoding, maxSkippedShare: 1 });
      skipped.push(...decoded.skipped);
      // With a row missing there is nothing to write; the files left are only looked at, so that all bad ones are named.
      if (skipped.length === 0) {
        const images = new ImageReader(decoded.pixels.get(inputSize)!, new SharedArrayBuffer(batch.length));
        const values = await forwardRows(
          Uint32Array.from(batch.keys()),
          { width: classifier.featureWidth, imageCount: paths.length },
          (some, rowCount) => features(images.read(some, rowCount)),
        );
        const broken = values.findIndex((value) => !Number.isFinite(value));
        if (broken !== -1)
          throw new DataError(
            `Expected finite features, received ${values[broken]} for ${batch[Math.floor(broken / classifier.featureWidth)]!.path}; are the weights in ${weights} those of a trained model?`,
          );
        rows.set(values, start * classifier.featureWidth);
      }
      onProgress?.(start + batch.length, paths.length);
    }
  } finally {
    features.dispose();
  }
  if (skipped.length > 0)
    throw new DataError(
      `${skipped.length} of ${paths.length} images cannot be used, and each must have its row: ${skipped
        .slice(0, 20)
        .map(({ path, reason }) => `${path} (${reason})`)
        .join('; ')}${skipped.length > 20 ? '; …' : ''}. Leave them out.`,
    );
  return rows;
}

function oneOf<Name extends string>(names: readonly Name[], what: string, received: string): Name {
  const found = names.find((name) => name === received);
  if (found === undefined)
    throw new ConfigError(`Expected ${what} out of ${names.join(', ')}, received "${received}".`);
  return found;
}

async function readWeights(path: string): Promise<{ name: string; bytes: Uint8Array }> {
  return { name: basename(path), bytes: await readWeightFile(path) };
}

/** Before minutes of work; a photograph that was meant to be read is not overwritten. */
async function requirePlace(out: string): Promise<void> {
  if (!out.endsWith('.npy')) throw new ConfigError(`Expected an output file that ends in .npy, received ${out}.`);
  await requireWritable(dirname(out));
  const there = await stat(out).catch(() => undefined);
  if (there?.isDirectory()) throw new ConfigError(`Expected an output file, received the folder ${out}.`);
}
