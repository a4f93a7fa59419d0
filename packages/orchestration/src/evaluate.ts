/** A bundle at work: on a folder of labelled images, or on single files. */
import { resolve } from 'node:path';
import { DataError, type SkippedImage, scanImageFolder, splitImages } from '@chorus/data';
import { toProbabilities } from '@chorus/models';
import { prepareProcess } from '@chorus/runtime';
import { type Bundle, readBundle } from './bundle.ts';
import { type FolderOptions, readFolderOptions } from './experiment/folder-options.ts';
import { parseWorkers } from './experiment/resolve.ts';
import { type Experiment, runtimeSchema } from './experiment/schema.ts';
import { chooseLanes } from './lanes/choose-lanes.ts';
import { Lane } from './lanes/lane.ts';
import { StopFlag } from './member/stop-flag.ts';
import { dataFolder } from './run/dataset.ts';
import { decodeToStores } from './run/decode-to-stores.ts';
import type { Downloads } from './run/downloads.ts';
import { observerFrom } from './run/observer.ts';
import { predictMembers } from './run/predict-members.ts';
import { argmax, type Score, scoreProbabilities } from './statistics/score.ts';

export interface BundleOptions {
  /** Devices to run on, such as `gpu:0` or `cpu:1,cpu:2`; by default `auto`. */
  workers?: string;
  /** As in an experiment; after a run in the same process it must be that run's. */
  runtime?: Partial<Experiment['runtime']>;
  /** Follows, and ends, the download of a named data set. */
  downloads?: Downloads;
}

export interface Evaluation {
  classes: string[];
  /** Which images were taken: the ones that the bundle's run tested on, or every one in the folder. */
  images: 'test' | 'all';
  ensemble: { kind: string; test: Score };
  members: { name: string; test: Score }[];
  skipped: SkippedImage[];
  /** In the order of the images. */
  predictions: { path: string; label: string; predicted: string; probabilities: Record<string, number> }[];
}

export interface Prediction {
  path: string;
  predicted: string;
  /** By class; sums to 1. */
  probabilities: Record<string, number>;
}

/**
 * Scores a bundle on a folder of labelled images (or a data set by its name), freshly decoded.
 *
 * By default it takes the images that a run with this bundle's split would test on, so that a run's report can be
 * reproduced from its data and its bundle alone; `all` takes every image.
 *
 * @throws StorageError for a damaged bundle, DataError when the folder's classes are not the bundle's.
 */
export async function evaluateBundle(
  bundleFolder: string,
  data: string,
  options: BundleOptions & { all?: boolean } & FolderOptions = {},
): Promise<Evaluation> {
  const bundle = await readBundle(bundleFolder);
  const { classes, split } = bundle.manifest;
  const folder = await scanImageFolder(await dataFolder(data, options.downloads), {
    ...readFolderOptions(options),
    ...(split.limitPerClass === null || options.all ? {} : { limitPerClass: split.limitPerClass }),
  });
  if (folder.classes.join('\n') !== classes.join('\n'))
    throw new DataError(
      `Expected the classes ${classes.join(', ')} in ${folder.root}, received ${folder.classes.join(', ')}.`,
    );
  const chosen = options.all
    ? folder.images
    : Array.from(splitImages(folder, split.plan).test, (index) => folder.images[index]!);
  const run = await classify(bundle, chosen, options);
  const images = run.kept.map((position) => chosen[position]!);
  const labels = images.map((image) => image.label);
  const score = (probabilities: Float32Array) => scoreProbabilities(probabilities, labels, classes);
  return {
    classes,
    images: options.all ? 'all' : 'test',
    ensemble: { kind: bundle.manifest.chosen, test: score(run.ensemble) },
    members: bundle.members.map(({ name }, index) => ({ name, test: score(run.members[index]!) })),
    skipped: run.skipped,
    predictions: images.map((image, row) => ({
      path: image.relativePath,
      label: classes[image.label]!,
      ...describeRow(run.ensemble, row, classes),
    })),
  };
}

/**
 * Classifies image files.
 *
 * @returns in the order of the paths; a file that cannot be decoded is in `skipped` instead.
 */
export async function predictFiles(
  bundleFolder: string,
  paths: readonly string[],
  options: BundleOptions = {},
): Promise<{ predictions: Prediction[]; skipped: SkippedImage[] }> {
  const bundle = await readBundle(bundleFolder);
  const images = paths.map((path) => ({ path: resolve(path) }));
  const run = await classify(bundle, images, options);
  return {
    predictions: run.kept.map((position, row) => ({
      path: paths[position]!,
      ...describeRow(run.ensemble, row, bundle.manifest.classes),
    })),
    skipped: run.skipped,
  };
}

// --- internal ---

interface Classified {
  /** Positions of the images that could be decoded; the rows of everything else here. */
  kept: number[];
  skipped: SkippedImage[];
  /** [kept, classes] */
  ensemble: Float32Array;
  members: Float32Array[];
}

async function classify(
  bundle: Bundle,
  images: readonly { path: string }[],
  options: BundleOptions,
): Promise<Classified> {
  prepareProcess();
  const { manifest, members, stackers } = bundle;
  const runtime = runtimeSchema.parse(options.runtime ?? {});
  const plan = await chooseLanes({
    workers: parseWorkers(options.workers ?? 'auto'),
    runtime,
    members,
  });
  const sizes = new Set(
    members.flatMap(({ models }) => models.map(({ manifest: { backbone } }) => backbone.inputSize)),
  );
  const { pixels, isReady, skipped } = await decodeToStores(images, [...sizes], {
    ...manifest.decoding,
    maxSkippedShare: 1,
  });
  const kept = images.flatMap((_, position) => (isReady(position) ? [position] : []));
  if (kept.length === 0) return { kept, skipped, ensemble: new Float32Array(), members: [] };
  const compute = { compile: runtime.compile, precision: 'float32' } as const;
  const lanes = plan.lanes.map(
    (lane) => new Lane({ runtime: lane, compute, stop: new StopFlag().shared }, observerFrom()),
  );
  try {
    const logits = await predictMembers(lanes, members, {
      pixels,
      indices: Uint32Array.from(kept),
      reads: new SharedArrayBuffer(images.length),
      mirror: manifest.mirror,
    });
    return {
      kept,
      skipped,
      ensemble: stackers.get(manifest.chosen)!.predict(logits),
      members: logits.map((one) => toProbabilities(one, manifest.classes.length)),
    };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

function describeRow(probabilities: Float32Array, row: number, classes: readonly string[]): Omit<Prediction, 'path'> {
  return {
    predicted: classes[argmax(probabilities, row, classes.length)]!,
    probabilities: Object.fromEntries(
      classes.map((name, label) => [name, probabilities[row * classes.length + label]!]),
    ),
  };
}
