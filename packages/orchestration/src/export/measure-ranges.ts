/** Measures the ranges of a bundle's values on images, with which onnxruntime computes with 8-bit integers. */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { createPixelStore, type DecodeOptions, decodeImages, listImages, PixelStore } from '@chorus/data';
import { memberFromBytes, type SavedMember } from '@chorus/models';
import { activationRanges, rangesModel } from '@chorus/models/onnx';
import { obstacleToOnnxruntime, openOnnxSession } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { ConfigError } from '../errors.ts';
import type { PredictingMember } from '../run/predict-members.ts';
import { throwIfStopped } from './throw-if-stopped.ts';

/** Images of a folder, decoded for some models. */
export interface SampleImages {
  /** By the images' side: each [size, size, 3]. */
  squares: ReadonlyMap<number, readonly Uint8Array[]>;
  count: number;
}

/** The ranges of nine tenths of 200 images hardly depend on which images they are. */
const mostImages = 200;

/** @throws ConfigError where onnxruntime, which measures the ranges, does not run. */
export function requireOnnxruntime(): void {
  const obstacle = obstacleToOnnxruntime();
  if (obstacle !== undefined) throw new ConfigError(`Ranges are measured by onnxruntime: ${obstacle}`);
}

/**
 * Decodes images of a folder and its subfolders, at most 200, evenly spread over their names.
 *
 * @param sizes sides of the squares, pixels.
 * @throws DataError for a missing folder, or one with too many unusable images; ConfigError for one without images; StoppedError after
 * the signal.
 */
export async function sampleImages(
  folder: string,
  sizes: readonly number[],
  decoding: DecodeOptions,
  signal: AbortSignal | undefined,
): Promise<SampleImages> {
  const { files, skipped } = await listImages(folder);
  const reason = skipped[0] === undefined ? '' : ` (${skipped[0].path}: ${skipped[0].reason})`;
  if (files.length === 0)
    throw new ConfigError(`Expected images in ${folder} to measure ranges on, received none${reason}.`);
  const count = Math.min(mostImages, files.length);
  const chosen = Array.from({ length: count }, (_, index) => files[Math.floor((index * files.length) / count)]!);
  const stores = sizes.map((size) => createPixelStore(count, size));
  const { sha256 } = await decodeImages(chosen, stores, { ...decoding, ...(signal && { signal }) }).catch(
    (error: unknown) => {
      throwIfStopped(signal);
      throw error;
    },
  );
  const usable = sha256.flatMap((hash, index) => (hash === null ? [] : [index]));
  // Copies, because onnxruntime refuses shared memory.
  const squaresOf = (store: PixelStore) => usable.map((index) => store.pixels(index).slice());
  return {
    squares: new Map(stores.map((store) => [store.size, squaresOf(new PixelStore(store))])),
    count: usable.length,
  };
}

/**
 * Measures the ranges of each model.
 *
 * @returns the members, whose manifests have ranges.
 * @throws ModelError for numbers that are not finite; StoppedError after the signal.
 */
export async function withMeasuredRanges(
  members: readonly PredictingMember[],
  { squares }: SampleImages,
  signal: AbortSignal | undefined,
): Promise<PredictingMember[]> {
  // tfjs builds the layers, but computes nothing.
  tf.enableProdMode();
  await tf.ready();
  const measured: PredictingMember[] = [];
  for (const { name, models } of members) {
    const withRanges: PredictingMember['models'][number][] = [];
    for (const model of models) {
      const ranges = await rangesOf(model, squares.get(model.manifest.backbone.inputSize)!, signal);
      withRanges.push({ ...model, manifest: { ...model.manifest, ranges } });
    }
    measured.push({ name, models: withRanges });
  }
  return measured;
}

// --- internal ---

async function rangesOf(
  { manifest, weights }: SavedMember,
  images: readonly Uint8Array[],
  signal: AbortSignal | undefined,
) {
  const classifier = memberFromBytes(manifest, weights);
  const { model, values } = rangesModel(classifier);
  classifier.dispose();
  const session = await openOnnxSession(model, { threads: availableParallelism(), spin: false });
  const size = manifest.backbone.inputSize;
  try {
    const outputs: Float32Array[] = [];
    for (const pixels of images) {
      // Lets a signal arrive: onnxruntime computes within the call.
      await setImmediate();
      throwIfStopped(signal);
      const output = await session.run({ image: { pixels, shape: [1, size, size, 3] } });
      outputs.push(output.values.slice());
    }
    return activationRanges(values, outputs);
  } finally {
    await session.dispose();
  }
}
