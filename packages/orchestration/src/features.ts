/** Extracts pooled features of a pre-trained backbone, as Keras does with `include_top=False, pooling='avg'`. */
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { DataError, type DecodeOptions, type PixelStoreHandle, resizeMethods, type SkippedImage } from '@chorus/data';
import {
  type BackboneSpec,
  backboneFamilies,
  backboneTable,
  checkBackboneSpec,
  checkBackboneWeights,
  variantOf,
  variantOfFile,
} from '@chorus/models';
import { type OnSetupProgress, prepareProcess, type RuntimeOptions, setupRuntime } from '@chorus/runtime';
import { publishFile, sha256 } from '@chorus/storage';
import {
  type ComputeSettings,
  forwardBatchSize,
  type MemberPlan,
  readWeightFile,
  StoppedError,
} from '@chorus/training';
import { ConfigError } from './errors.ts';
import { parseWorkers } from './experiment/resolve.ts';
import { type Experiment, experimentSchema, runtimeSchema } from './experiment/schema.ts';
import { chooseLanes } from './lanes/choose-lanes.ts';
import { computeSettings } from './lanes/compute-settings.ts';
import { chooseForwardEngine } from './lanes/forward-engine.ts';
import { Lane } from './lanes/lane.ts';
import { npyBytes } from './npy.ts';
import { requireOutput, writingTo } from './output-place.ts';
import { featureBytes } from './plan/feature-bytes.ts';
import { decodingWith } from './run/dataset.ts';
import { decodeToStores } from './run/decode-to-stores.ts';
import { observerFrom } from './run/observer.ts';
import { oneAhead } from './run/one-ahead.ts';
import { stopOn } from './run/stop-on.ts';

export interface FeaturesOptions {
  /** Backbone family, such as `mobilenet-v2`. */
  backbone: string;
  /** Width multiplier; by default derived from the shapes of the weights. */
  alpha?: number | undefined;
  /** Path of a keras-applications `.h5` file, or of a `.safetensors` file of timm. */
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
 * Computes features of image files on one lane, and decodes the next files meanwhile.
 *
 * @throws ConfigError or ModelError for invalid options or weights, before an image is read; DataError naming the files that
 * cannot be decoded; StoppedError after `signal`.
 */
export async function extractFeatures(paths: readonly string[], options: FeaturesOptions): Promise<Features> {
  if (paths.length === 0) throw new ConfigError('Expected image files, received none.');
  prepareProcess();
  const { resize = 'pillow', device = 'auto' } = options;
  const family = oneOf(backboneFamilies, 'backbone', options.backbone);
  const data = experimentSchema.shape.data.parse({ shrinkOnLoad: options.shrinkOnLoad });
  const method = oneOf(resizeMethods, 'resize method', resize);
  if (data.shrinkOnLoad && method !== 'pillow')
    throw new ConfigError(`Expected the resize method pillow with shrinkOnLoad, received "${method}".`);
  const decoding = decodingWith(data, method);
  const weights = await readWeights(options.weights);
  const named = options.alpha === undefined ? undefined : variantOf({ family, alpha: options.alpha });
  const { name: variant, defaultInputSize } = named ?? backboneTable[family].variants[0];
  checkBackboneSpec({ family, variant, inputSize: options.inputSize ?? defaultInputSize });
  await setupRuntime(options.onSetup);
  const { lanes } = await chooseLanes({ workers: parseWorkers(device), runtime: {}, members: [{ name: family }] });
  if (device !== 'auto' && lanes.length > 1) throw new ConfigError(`Expected one device, received "${device}".`);
  const [runtime] = lanes as [RuntimeOptions];
  const requested = runtimeSchema.parse({ forward: options.forward });
  const forward = chooseForwardEngine(requested.forward, [runtime], options.onNotice);
  const [compute] = computeSettings(requested, [runtime], forward, {
    processorCount: availableParallelism(),
    decodesMeanwhile: paths.length > forwardBatchSize,
  }) as [ComputeSettings];
  const found = named ?? variantOf({ family, variant: await variantOfFile(family, weights) });
  const member = featureMember(
    { family, variant: found.name, inputSize: options.inputSize ?? found.defaultInputSize },
    weights,
  );
  const { stop, unlisten } = stopOn(options.signal);
  const lane = new Lane({ runtime, compute, stop: stop.shared }, observerFrom());
  try {
    // The lane's thread starts meanwhile.
    await checkBackboneWeights({ family, variant: found.name }, weights);
    const rows = await featureRows(lane, member, paths, decoding, options);
    return { rows, width: found.featureWidth };
  } catch (error) {
    // After a stop request, any failure counts as the stop.
    if (stop.raised) throw new StoppedError('Stopped; nothing was written.');
    throw error;
  } finally {
    unlisten();
    await lane.close();
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
  // Requiring the extension prevents overwriting an image by mistake.
  await requireOutput(out, '.npy');
  const features = await extractFeatures(paths, options);
  await writingTo(out, () => publishFile(out, npyBytes(features.rows, [paths.length, features.width])));
  return features;
}

// --- internal ---

/** The plan of a member that consists of the frozen backbone. */
function featureMember(backbone: BackboneSpec, { path, bytes }: { path: string; bytes: Uint8Array }): MemberPlan {
  return {
    ...{ name: backbone.family, backbone, dropout: 0, stages: [], testTimeAugmentation: false },
    preprocessing: backboneTable[backbone.family].preprocessing.name,
    weights: { kind: 'file', path, sha256: sha256(bytes) },
    // The head is not used.
    initializes: 'head',
    features: { rowsPerImage: 1, predict: true },
  };
}

async function featureRows(
  lane: Lane,
  member: MemberPlan,
  paths: readonly string[],
  decoding: DecodeOptions,
  { weights, onProgress, signal }: FeaturesOptions,
): Promise<Float32Array> {
  const { inputSize } = member.backbone;
  const width = variantOf(member.backbone).featureWidth;
  const rows = new Float32Array(paths.length * width);
  const skipped: SkippedImage[] = [];
  const decode = async (start: number, ended: AbortSignal) => {
    const files = paths.slice(start, start + forwardBatchSize).map((path) => ({ path: resolve(path) }));
    return {
      start,
      files,
      ...(await decodeToStores(files, [inputSize], { ...decoding, maxSkippedShare: 1, signal: ended })),
    };
  };
  const starts = Array.from(
    { length: Math.ceil(paths.length / forwardBatchSize) },
    (_, index) => index * forwardBatchSize,
  );
  for await (const { start, files, ...decoded } of oneAhead(starts, decode, signal)) {
    skipped.push(...decoded.skipped);
    // After a bad file, no features are written; the remaining files are only decoded, to report all bad ones.
    if (skipped.length === 0) {
      const values = await chunkRows(lane, member, decoded.pixels.get(inputSize)!);
      const broken = values.findIndex((value) => !Number.isFinite(value));
      if (broken !== -1)
        throw new DataError(
          `Expected finite features, received ${values[broken]} for ${files[Math.floor(broken / width)]!.path}; check that the weights in ${weights} are those of a trained model.`,
        );
      rows.set(values, start * width);
    }
    onProgress?.(start + files.length, paths.length);
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

/** [images, width] */
async function chunkRows(lane: Lane, member: MemberPlan, pixels: PixelStoreHandle): Promise<Float32Array> {
  const indices = Uint32Array.from({ length: pixels.count }, (_, slot) => slot);
  const rows = new SharedArrayBuffer(featureBytes(member.backbone, pixels.count, 1));
  await lane.run({
    ...{ kind: 'features', name: member.name, member, classes: ['first', 'second'], seed: 0, pixels },
    reads: new SharedArrayBuffer(pixels.count),
    features: { indices, rowsPerImage: 1, rows },
    range: { start: 0, end: pixels.count },
  });
  return new Float32Array(rows);
}

function oneOf<Name extends string>(names: readonly Name[], what: string, received: string): Name {
  const found = names.find((name) => name === received);
  if (found === undefined)
    throw new ConfigError(`Unknown ${what} "${received}"; expected one of: ${names.join(', ')}.`);
  return found;
}

async function readWeights(path: string): Promise<{ path: string; name: string; bytes: Uint8Array }> {
  return { path, name: basename(path), bytes: await readWeightFile(path) };
}
