/** Extracts pooled features of a pre-trained backbone, as Keras does with `include_top=False, pooling='avg'`. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
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
import { initRuntime, type OnSetupProgress, type RuntimeOptions, setupRuntime } from '@chorus/runtime';
import { publishFile } from '@chorus/storage';
import {
  type ComputeSettings,
  forwardBatchSize,
  forwardRows,
  ImageReader,
  prepareImageFunction,
  readWeightFile,
  StoppedError,
} from '@chorus/training';
import { ConfigError } from './errors.ts';
import { parseWorkers } from './experiment/resolve.ts';
import { type Experiment, experimentSchema, runtimeSchema } from './experiment/schema.ts';
import { chooseLanes } from './lanes/choose-lanes.ts';
import { computeSettings } from './lanes/compute-settings.ts';
import { chooseForwardEngine } from './lanes/forward-engine.ts';
import { npyBytes } from './npy.ts';
import { requireWritable, writingTo } from './output-place.ts';
import { decodeToStores } from './run/decode-to-stores.ts';

export interface FeaturesOptions {
  /** Backbone family, such as `mobilenet-v2`. */
  backbone: string;
  /** Width multiplier; by default derived from the shapes of the weights. */
  alpha?: number | undefined;
  /** Path of a keras-applications `.h5` file. */
  weights: string;
  /** Side in pixels of the square that images are resized to; by default Keras' default for this family. */
  inputSize?: number | undefined;
  /** By default `pillow`, as in Keras' `load_img(…, interpolation='bilinear')`. */
  resize?: string | undefined;
  /** As `data.shrinkOnLoad` in an experiment; by default false. */
  shrinkOnLoad?: boolean | undefined;
  /** A device such as `gpu:1`; by default the first GPU or, without a GPU, the CPU. */
  device?: string | undefined;
  /** Engine of the forward pass on a CPU, as `runtime.forward` in an experiment; by default `auto`. */
  forward?: Experiment['runtime']['forward'] | undefined;
  /** Receives messages for the user. */
  onNotice?: (notice: string) => void;
  /** Called after each batch of images. */
  onProgress?: (done: number, total: number) => void;
  /** Stops before the next batch. */
  signal?: AbortSignal;
  /** Progress of the native runtime's setup, which runs once per user and version. */
  onSetup?: OnSetupProgress;
}

export interface Features {
  /** [images, width], in the order of the paths. */
  rows: Float32Array;
  width: number;
}

/**
 * Computes features of image files in batches. TensorFlow runs in the calling thread.
 *
 * @throws ConfigError or ModelError for invalid options or weights, before an image is read; DataError naming the files that
 * cannot be decoded; StoppedError after `signal`.
 */
export async function extractFeatures(paths: readonly string[], options: FeaturesOptions): Promise<Features> {
  if (paths.length === 0) throw new ConfigError('Expected image files, received none.');
  const { resize = 'pillow', device = 'auto' } = options;
  const family = oneOf(backboneFamilies, 'backbone', options.backbone);
  const { maxPixels, timeoutMs, background, shrinkOnLoad } = experimentSchema.shape.data.parse({
    shrinkOnLoad: options.shrinkOnLoad,
  });
  const method = oneOf(resizeMethods, 'resize method', resize);
  if (shrinkOnLoad && method !== 'pillow')
    throw new ConfigError(`Expected the resize method pillow with shrinkOnLoad, received "${method}".`);
  const decoding = { maxPixels, timeoutMs, background, shrinkOnLoad, resize: method };
  const weights = await readWeights(options.weights);
  const named = options.alpha === undefined ? undefined : variantOf({ family, alpha: options.alpha });
  const { name: variant, defaultInputSize } = named ?? backboneTable[family].variants[0];
  checkBackboneSpec({ family, variant, inputSize: options.inputSize ?? defaultInputSize });
  await setupRuntime(options.onSetup);
  const { lanes } = await chooseLanes({ workers: parseWorkers(device), runtime: {}, members: [{ name: family }] });
  if (device !== 'auto' && lanes.length > 1) throw new ConfigError(`Expected one device, received "${device}".`);
  const [lane] = lanes as [RuntimeOptions];
  initRuntime(lane);
  const runtime = runtimeSchema.parse({ forward: options.forward });
  const forward = chooseForwardEngine(runtime.forward, [lane], options.onNotice);
  const settings = { compile: true, precision: 'float32' } as const;
  const [compute] = computeSettings(settings, [lane], forward, availableParallelism()) as [ComputeSettings];
  const found = named ?? variantOf({ family, variant: await variantOfFile(family, weights) });
  const backbone = { family, variant: found.name, inputSize: options.inputSize ?? found.defaultInputSize };
  // The head is not used.
  const classifier = createClassifier({ backbone, classes: ['first', 'second'], seed: 0, initializes: 'head' });
  try {
    await loadBackboneWeights(classifier, weights);
    const rows = await featureRows(classifier, paths, decoding, compute, options);
    return { rows, width: classifier.featureWidth };
  } finally {
    classifier.dispose();
  }
}

/**
 * Writes the features of image files as a NumPy array [images, width], float32. Replaces an earlier file atomically.
 *
 * @param out path that ends in `.npy`.
 * @throws as {@link extractFeatures}, and ConfigError when `out` is not writable; writes nothing in these cases.
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
  compute: ComputeSettings,
  { weights, onProgress, signal }: FeaturesOptions,
): Promise<Float32Array> {
  const { inputSize } = classifier.backbone;
  const rows = new Float32Array(paths.length * classifier.featureWidth);
  const skipped: SkippedImage[] = [];
  const features = await prepareImageFunction(classifier, { output: 'features', rowCount: paths.length }, compute);
  try {
    for (let start = 0; start < paths.length; start += forwardBatchSize) {
      if (signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
      const batch = paths.slice(start, start + forwardBatchSize).map((path) => ({ path: resolve(path) }));
      const decoded = await decodeToStores(batch, [inputSize], { ...decoding, maxSkippedShare: 1 });
      skipped.push(...decoded.skipped);
      // After a bad file, no features are written; the remaining files are only decoded, to report all bad ones.
      if (skipped.length === 0) {
        const images = new ImageReader(decoded.pixels.get(inputSize)!, new SharedArrayBuffer(batch.length));
        const values = await forwardRows(Uint32Array.from(batch.keys()), { width: classifier.featureWidth }, (some) =>
          features.rows(images, some),
        );
        const broken = values.findIndex((value) => !Number.isFinite(value));
        if (broken !== -1)
          throw new DataError(
            `Expected finite features, received ${values[broken]} for ${batch[Math.floor(broken / classifier.featureWidth)]!.path}; check that the weights in ${weights} are those of a trained model.`,
          );
        rows.set(values, start * classifier.featureWidth);
      }
      onProgress?.(start + batch.length, paths.length);
    }
  } finally {
    await features.dispose();
  }
  if (skipped.length > 0)
    throw new DataError(
      `Cannot compute the features of ${skipped.length} of ${paths.length} images: ${skipped
        .slice(0, 20)
        .map(({ path, reason }) => `${path} (${reason})`)
        .join('; ')}${skipped.length > 20 ? '; …' : ''}. Remove them from the list.`,
    );
  return rows;
}

function oneOf<Name extends string>(names: readonly Name[], what: string, received: string): Name {
  const found = names.find((name) => name === received);
  if (found === undefined)
    throw new ConfigError(`Unknown ${what} "${received}"; expected one of: ${names.join(', ')}.`);
  return found;
}

async function readWeights(path: string): Promise<{ name: string; bytes: Uint8Array }> {
  return { name: basename(path), bytes: await readWeightFile(path) };
}

/** Checks the output path before the work, which can take minutes. Requiring `.npy` prevents overwriting an image by mistake. */
async function requirePlace(out: string): Promise<void> {
  if (!out.endsWith('.npy')) throw new ConfigError(`Expected an output file that ends in .npy, received ${out}.`);
  await requireWritable(dirname(out));
  const there = await stat(out).catch(() => undefined);
  if (there?.isDirectory()) throw new ConfigError(`Expected an output file, received the folder ${out}.`);
}
