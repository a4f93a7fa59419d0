/** Classifies unlabeled images. */
import { resolve } from 'node:path';
import type { DecodeLimits, SkippedImage } from '@chorus/data';
import { argmax, predictionSet } from '@chorus/evaluation';
import { StoppedError } from '@chorus/training';
import { type Bundle, readBundle, studentBundle } from './bundle.ts';
import { ConfigError } from './errors.ts';
import type { Explanation } from './report/grad-cam-schema.ts';
import { type ClassifyOptions, classifyImages } from './run/classify-images.ts';
import { type ImageInput, nameOf } from './run/image-input.ts';
import { chooseThresholds, type Doubt, type WantedShares } from './stacking/thresholds.ts';

export interface Prediction {
  path: string;
  predicted: string;
  /** By class, in the bundle's order; they sum to 1. */
  probabilities: Record<string, number>;
  /** With `minAccuracy` or `answeredShare`: whether to accept the prediction; a human should look at the other images. */
  accepted?: boolean;
  /** With `coverage`: the classes of the prediction set, the most probable first. */
  set?: string[];
}

export interface PredictOptions extends ClassifyOptions, WantedShares {
  /** Classifies with the bundle's student alone. */
  student?: boolean | undefined;
}

/** Predictions for consecutive inputs, in their order. */
export interface PredictionChunk {
  predictions: Prediction[];
  skipped: SkippedImage[];
  /** Number of inputs so far, including this chunk. */
  doneCount: number;
  /** The bundle's classes. */
  classes: readonly string[];
  /** The bundle's limits of an image. */
  limits: DecodeLimits;
  /** With `explains`: of each prediction. */
  explanations?: Explanation[];
}

/**
 * Classifies images and yields predictions chunk by chunk, in constant memory. Decodes the next chunk while it predicts the
 * current one. To stop early, leave the loop or abort `signal`.
 *
 * @throws StorageError for a damaged bundle; ConfigError or DataError when the machine cannot run it, the bundle has no
 * thresholds for the options, or an input without a file is to be explained; StoppedError after `signal`.
 * @example
 * for await (const { predictions } of predictStream('run/bundle', [{ kind: 'file', path: 'cat.jpg' }]))
 *   for (const { path, predicted } of predictions) console.log(path, predicted);
 */
export async function* predictStream(
  bundleFolder: string,
  inputs: readonly ImageInput[],
  options: PredictOptions = {},
): AsyncGenerator<PredictionChunk> {
  const bundle = await openBundle(bundleFolder, options);
  const doubt = chooseThresholds(bundle.manifest.thresholds, options);
  if (options.signal?.aborted) throw new StoppedError('Stopped.');
  if (inputs.length === 0) return;
  const { classes, decoding: limits } = bundle.manifest;
  if (doubt.answer === Number.POSITIVE_INFINITY)
    options.onNotice?.(
      `No prediction is accepted: no threshold reached an accuracy of ${options.minAccuracy} on the out-of-fold predictions of the run.`,
    );
  const filePaths = options.explains ? inputs.map(filePathOf) : [];
  for await (const { kept, ensemble, maps, skipped, doneCount } of classifyImages(bundle, inputs, options))
    yield {
      predictions: kept.map((position, row) => ({
        path: nameOf(inputs[position]!),
        ...describeRow(ensemble, row, classes),
        ...describeDoubt(ensemble.subarray(row * classes.length, (row + 1) * classes.length), classes, doubt),
      })),
      ...{ skipped, doneCount, classes, limits },
      ...(maps && {
        explanations: maps.map((one, row) => ({
          path: filePaths[kept[row]!]!,
          class: classes[argmax(ensemble, row, classes.length)]!,
          maps: one,
        })),
      }),
    };
}

/**
 * Classifies image files.
 *
 * @returns predictions in the order of the paths; files that cannot be decoded are in `skipped` instead.
 * @throws as {@link predictStream}.
 */
export async function predictFiles(
  bundleFolder: string,
  paths: readonly string[],
  options: PredictOptions = {},
): Promise<{ predictions: Prediction[]; skipped: SkippedImage[] }> {
  const inputs = paths.map((path): ImageInput => ({ kind: 'file', path: resolve(path), relativePath: path }));
  const all: { predictions: Prediction[]; skipped: SkippedImage[] } = { predictions: [], skipped: [] };
  for await (const { predictions, skipped } of predictStream(bundleFolder, inputs, options)) {
    all.predictions.push(...predictions);
    all.skipped.push(...skipped);
  }
  return all;
}

/** The most probable class of a row and all its probabilities. */
export function describeRow(
  probabilities: Float32Array,
  row: number,
  classes: readonly string[],
): Omit<Prediction, 'path'> {
  return {
    predicted: classes[argmax(probabilities, row, classes.length)]!,
    probabilities: Object.fromEntries(
      classes.map((name, label) => [name, probabilities[row * classes.length + label]!]),
    ),
  };
}

// --- internal ---

/** The file that a heat map is drawn over; '' for an input that has no image. */
function filePathOf(input: ImageInput): string {
  if (input.kind === 'url' || input.kind === 'stream')
    throw new ConfigError(`Only image files can be explained, not ${nameOf(input)}; save the image to a file first.`);
  return input.kind === 'file' ? input.path : '';
}

async function openBundle(
  folder: string,
  { student, minAccuracy, answeredShare, coverage }: PredictOptions,
): Promise<Bundle> {
  const bundle = await readBundle(folder);
  if (!student) return bundle;
  const wanted = Object.entries({ accuracy: minAccuracy, 'answered share': answeredShare, coverage }).find(
    ([, one]) => one !== undefined,
  );
  if (wanted !== undefined)
    throw new ConfigError(
      `Expected no wanted ${wanted[0]} with the student: the thresholds are those of the ensemble's probabilities.`,
    );
  return studentBundle(bundle);
}

function describeDoubt(
  row: Float32Array,
  classes: readonly string[],
  { answer, set }: Doubt,
): Pick<Prediction, 'accepted' | 'set'> {
  return {
    ...(answer === undefined ? {} : { accepted: row[argmax(row, 0, row.length)]! >= answer }),
    ...(set === undefined ? {} : { set: predictionSet(row, set).map((label) => classes[label]!) }),
  };
}
