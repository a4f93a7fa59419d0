/** Scores a bundle on a folder of labeled images. */
import {
  DataError,
  displayName,
  type ImageFile,
  type ImageFolder,
  isBadImage,
  maxBadShare,
  type SkippedImage,
  scanImageFolder,
} from '@chorus/data';
import { type Score, scoreWithPauses } from '@chorus/evaluation';
import { StoppedError } from '@chorus/training';
import { readBundle, studentBundle } from './bundle.ts';
import { advise } from './errors.ts';
import { type FolderOptions, readFolderOptions } from './experiment/folder-options.ts';
import { describeRow, type Prediction } from './predict.ts';
import { chooseImages, type ImageSelection } from './run/choose-images.ts';
import { type ClassifyOptions, classifyImages } from './run/classify-images.ts';
import { dataFolder } from './run/dataset.ts';
import type { Downloads } from './run/downloads.ts';
import { Slices } from './run/slices.ts';

export interface EvaluateOptions extends ClassifyOptions, FolderOptions {
  /** Evaluates every image; by default only the test images of the bundle's run, identified by their content. */
  all?: boolean;
  /** Evaluates the bundle's student, as an ensemble of a single member. */
  student?: boolean;
  /** Options for downloading a named data set. */
  downloads?: Downloads;
  /** Called once, before the first image is decoded. */
  onSelection?: (selection: ImageSelection) => void;
  /** Called once with all images that are not scored, before too many of them become an error. */
  onSkipped?: (skipped: readonly SkippedImage[]) => void;
  /** Called first as images are compared with those of the run, then as they are classified. */
  onProgress?: (step: 'compared' | 'classified', done: number, total: number) => void;
}

export interface LabeledPrediction extends Prediction {
  label: string;
}

export interface Evaluation {
  classes: string[];
  selection: ImageSelection;
  /** Whether the student alone was scored: it is then the ensemble, and the only member. */
  student: boolean;
  /** Whether the bundle's probabilities are those for equally frequent classes; the scores are those of the images as they are. */
  balancesClasses: boolean;
  ensemble: { kind: string; test: Score };
  members: { name: string; test: Score }[];
  /** Images that could not be decoded, and the folder's other entries. */
  skipped: SkippedImage[];
  /** In the order of the images. */
  predictions: LabeledPrediction[];
}

/**
 * Scores a bundle on a folder of labeled images or a named data set.
 *
 * By default it evaluates the test images of the bundle's run, even if they were moved or renamed, so that a run's report can
 * be reproduced from its data and its bundle. If the folder has none of them, it evaluates all images that are new to the run.
 *
 * @throws StorageError for a damaged bundle; DataError when the folder's classes differ from the bundle's, or when more than
 * 5 % of the images or all images of a class cannot be used; StoppedError after `signal`.
 */
export async function evaluateBundle(
  bundleFolder: string,
  data: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  try {
    return await evaluateWhole(bundleFolder, data, options);
  } catch (error) {
    // After a stop request, any failure counts as the stop.
    throw options.signal?.aborted ? new StoppedError('Stopped.') : error;
  }
}

// --- internal ---

async function evaluateWhole(bundleFolder: string, data: string, options: EvaluateOptions): Promise<Evaluation> {
  const { signal, onProgress, onSelection } = options;
  const whole = await readBundle(bundleFolder);
  const bundle = options.student ? studentBundle(whole) : whole;
  const { classes } = bundle.manifest;
  const folder = await scanImageFolder(await dataFolder(data, options.downloads), readFolderOptions(options));
  const images = withLabelsOf(classes, folder);
  const { selection, ...chosen } = await chooseImages(images, bundle.images, {
    all: options.all ?? false,
    onProgress: (done, total) => onProgress?.('compared', done, total),
    signal,
  });
  onSelection?.(selection);

  const rows = new ProbabilityRows(chosen.images.length, classes.length, bundle.members.length);
  const kept: ImageFile[] = [];
  const bad: SkippedImage[] = [];
  const inputs = chosen.images.map((image) => ({ kind: 'file' as const, ...image }));
  for await (const chunk of classifyImages(bundle, inputs, options)) {
    rows.append(chunk);
    kept.push(...chunk.kept.map((position) => chosen.images[position]!));
    bad.push(...chunk.skipped);
    onProgress?.('classified', chunk.doneCount, chosen.images.length);
  }
  const skipped = [...folder.skipped, ...chosen.skipped, ...bad].map(({ path, reason }) => ({ path, reason }));
  options.onSkipped?.(skipped);
  const isWhole = chosen.images.length === images.length;
  requireUsable(folder, { chosen: chosen.images, kept, bad, isWhole }, classes);

  const labels = kept.map((image) => image.label);
  const slices = new Slices();
  const score = (probabilities: Float32Array) => scoreWithPauses(probabilities, labels, classes, () => slices.pause());
  const ensemble = rows.ensemble();
  const members: Evaluation['members'] = [];
  for (const [index, { name }] of bundle.members.entries())
    members.push({ name, test: await score(rows.member(index)) });
  return {
    classes,
    selection,
    student: options.student ?? false,
    balancesClasses: bundle.manifest.balancesClasses,
    ensemble: { kind: bundle.manifest.chosen, test: await score(ensemble) },
    members,
    skipped,
    predictions: kept.map((image, row) => ({
      path: image.relativePath,
      label: classes[image.label]!,
      ...describeRow(ensemble, row, classes),
    })),
  };
}

/**
 * The folder's images with the bundle's labels. Names are compared in NFC, because other systems may encode the same name
 * with other code points.
 */
function withLabelsOf(classes: readonly string[], { classes: found, images, root }: ImageFolder): ImageFile[] {
  const labelOf = new Map(classes.map((name, label) => [name.normalize('NFC'), label]));
  const labels = found.map((name) => labelOf.get(name.normalize('NFC')));
  const isComplete = new Set(labels).size === classes.length && found.length === classes.length;
  if (!isComplete || labels.includes(undefined))
    throw new DataError(
      `Expected the bundle's ${classes.length} classes (${listed(classes)}) in ${root}, received ${found.length} (${listed(found)}).${difference(classes, found)}`,
    );
  return images.map((image) => ({ ...image, label: labels[image.label]! }));
}

function difference(classes: readonly string[], found: readonly string[]): string {
  const normalized = (names: readonly string[]) => new Set(names.map((name) => name.normalize('NFC')));
  const [expected, received] = [normalized(classes), normalized(found)];
  const missing = [...expected].filter((name) => !received.has(name));
  const unknown = [...received].filter((name) => !expected.has(name));
  return [
    ...(missing.length === 0 ? [] : [` Missing: ${listed(missing)}.`]),
    ...(unknown.length === 0 ? [] : [` Not in the bundle: ${listed(unknown)}.`]),
  ].join('');
}

function listed(names: readonly string[]): string {
  return names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`;
}

/**
 * Checks a data set for scoring as for training: few bad images, which include unreadable entries of the folder, and at least
 * one image of every class.
 *
 * @param isWhole whether every image of the folder was chosen.
 */
function requireUsable(
  { root, skipped }: ImageFolder,
  {
    chosen,
    kept,
    bad,
    isWhole,
  }: { chosen: readonly ImageFile[]; kept: readonly ImageFile[]; bad: readonly SkippedImage[]; isWhole: boolean },
  classes: readonly string[],
): void {
  const unlisted = skipped.filter(isBadImage);
  const unusable = [...bad, ...unlisted];
  const claimed = chosen.length + unlisted.length;
  const reasons = unusable.slice(0, 5).map(({ path, reason }) => `${displayName(path)} (${reason})`);
  const because = `${reasons.join('; ')}${unusable.length > 5 ? '; …' : ''}`;
  if (unusable.length > maxBadShare * claimed)
    throw new DataError(
      `${unusable.length} of ${claimed} images cannot be used, more than ${100 * maxBadShare} %: ${because}.`,
    );
  const countOf = (images: readonly ImageFile[], label: number) =>
    images.reduce((count, image) => count + Number(image.label === label), 0);
  for (const [label, name] of classes.entries()) {
    if (countOf(kept, label) > 0) continue;
    if (countOf(chosen, label) > 0)
      throw new DataError(`No image of class "${displayName(name)}" can be used: ${because}.`);
    const message = `Expected images of class "${displayName(name)}" among the ${chosen.length} that are scored in ${displayName(root)}, received none`;
    throw isWhole
      ? new DataError(`${message}; add some.`)
      : advise(new DataError(`${message}.`), { code: 'evaluate-all' });
  }
}

/** Collects the probabilities of all images, chunk by chunk. */
class ProbabilityRows {
  readonly #ensemble: Float32Array;
  readonly #members: Float32Array[];
  #length = 0;

  constructor(imageCount: number, classCount: number, memberCount: number) {
    this.#ensemble = new Float32Array(imageCount * classCount);
    this.#members = Array.from({ length: memberCount }, () => new Float32Array(imageCount * classCount));
  }

  append({ ensemble, members }: { ensemble: Float32Array; members: readonly Float32Array[] }): void {
    this.#ensemble.set(ensemble, this.#length);
    for (const [index, rows] of members.entries()) this.#members[index]!.set(rows, this.#length);
    this.#length += ensemble.length;
  }

  ensemble(): Float32Array {
    return this.#ensemble.subarray(0, this.#length);
  }

  member(index: number): Float32Array {
    return this.#members[index]!.subarray(0, this.#length);
  }
}
