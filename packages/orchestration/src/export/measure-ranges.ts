/** Measures the ranges of a bundle's values on images, with which onnxruntime computes with 8-bit integers. */
import { availableParallelism } from 'node:os';
import { type DecodeOptions, decodeImage, listImages, PixelBudget } from '@chorus/data';
import { memberFromBytes, type SavedMember } from '@chorus/models';
import { activationRanges, rangesModel } from '@chorus/models/onnx';
import { obstacleToOnnxruntime, openOnnxSession } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { ConfigError } from '../errors.ts';
import type { PredictingMember } from '../run/predict-members.ts';

export interface RangeImages {
  /** Images like those that will be classified, in subfolders or not. */
  folder: string;
  decoding: DecodeOptions;
  signal?: AbortSignal | undefined;
}

/** More images hardly widen the ranges. */
const mostImages = 200;

export interface MeasuredRanges {
  /** Their manifests have ranges. */
  members: PredictingMember[];
  /** Of the images that they were measured on. */
  imageCount: number;
}

/**
 * Measures the ranges of each model.
 *
 * @throws DataError for a missing folder; ConfigError for one without a usable image, or where onnxruntime does not run;
 * ModelError for numbers that are not finite.
 */
export async function withMeasuredRanges(
  members: readonly PredictingMember[],
  { folder, decoding, signal }: RangeImages,
): Promise<MeasuredRanges> {
  const obstacle = obstacleToOnnxruntime();
  if (obstacle !== undefined) throw new ConfigError(`Ranges are measured by onnxruntime: ${obstacle}`);
  const sizes = [
    ...new Set(members.flatMap(({ models }) => models.map(({ manifest }) => manifest.backbone.inputSize))),
  ];
  const images = await decodedSample(folder, sizes, decoding, signal);
  // tfjs builds the layers, but computes nothing.
  tf.enableProdMode();
  await tf.ready();
  const measured: PredictingMember[] = [];
  for (const { name, models } of members) {
    const withRanges: PredictingMember['models'][number][] = [];
    for (const model of models) {
      const { inputSize } = model.manifest.backbone;
      const ranges = await rangesOf(model, images.get(inputSize)!, signal);
      withRanges.push({ ...model, manifest: { ...model.manifest, ranges } });
    }
    measured.push({ name, models: withRanges });
  }
  return { members: measured, imageCount: images.get(sizes[0]!)!.length };
}

// --- internal ---

/** Images of a folder, evenly spread over the names: by size, each [size, size, 3]. */
async function decodedSample(
  folder: string,
  sizes: readonly number[],
  decoding: DecodeOptions,
  signal: AbortSignal | undefined,
): Promise<Map<number, Uint8Array[]>> {
  const { files } = await listImages(folder);
  const count = Math.min(mostImages, files.length);
  const budget = new PixelBudget(decoding.maxPixels);
  const images = new Map(sizes.map((size) => [size, [] as Uint8Array[]]));
  let fault: Error | undefined;
  for (let index = 0; index < count; index += 1) {
    throwIfStopped(signal);
    const { path } = files[Math.floor((index * files.length) / count)]!;
    try {
      const squares = await decodeImage(path, sizes, decoding, budget);
      for (const [position, size] of sizes.entries()) images.get(size)!.push(squares[position]!);
    } catch (error) {
      fault ??= new Error(`${path}: ${(error as Error).message}`);
    }
  }
  if (images.get(sizes[0]!)!.length > 0) return images;
  throw new ConfigError(
    `Expected images in ${folder} to measure ranges on, received ${fault === undefined ? 'none' : `none that can be used (${fault.message})`}.`,
  );
}

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
      throwIfStopped(signal);
      const output = await session.run({ image: { pixels, shape: [1, size, size, 3] } });
      outputs.push(output.values.slice());
    }
    return activationRanges(values, outputs);
  } finally {
    await session.dispose();
  }
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
}
