/** Finds, decodes and splits an experiment's images, before any lane starts. */
import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  checkDataset,
  checkMemory,
  copiesToDrop,
  DataError,
  type DecodeOptions,
  type DuplicateGroup,
  describeDuplicates,
  disjointSets,
  ensureCatsAndDogs,
  ensureShapes,
  filterSplit,
  findPictureGroups,
  type ImageFile,
  type ImageFolder,
  type ImageInfo,
  type ImageSplit,
  type PictureGroup,
  type PixelStoreHandle,
  type ResizeMethod,
  type ScanOptions,
  type SkippedEntry,
  type SplitPlan,
  scanImageFolder,
  splitImages,
} from '@chorus/data';
import { minimumStackerRows } from '@chorus/models';
import { systemErrorText } from '@chorus/storage';
import { ConfigError } from '../errors.ts';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
import { stackerOptionsOf } from '../experiment/stacker-options.ts';
import { stackerFoldCount } from '../stacking/choose.ts';
import { datasetFingerprint } from './dataset-fingerprint.ts';
import { decodeToStores } from './decode-to-stores.ts';
import type { Downloads } from './downloads.ts';
import { findExcludedImages, nothingExcluded } from './excluded-images.ts';

/** The decoded images of a run and their split. */
export interface Dataset {
  name: string;
  /** Absolute path that the images' relative paths start from. */
  root: string;
  classes: string[];
  /** All listed images in a fixed order, including skipped ones, which are not in the split. */
  images: ImageFile[];
  /** Has no folds only if splitting failed and `onProblem` received the error. */
  split: ImageSplit;
  /** Every entry that is not used, and every image that cannot be decoded. */
  skipped: SkippedEntry[];
  /** How the folder was read; see {@link ImageFolder}. */
  found: Pick<ImageFolder, 'splits' | 'hidden' | 'beyondLimit' | 'notices'>;
  /** Format and dimensions of each image's file; null for a skipped image. */
  info: readonly (ImageInfo | null)[];
  /** Pictures that occur more than once. */
  duplicates: DuplicateGroup[];
  /** False if too many images look alike for all of them to be compared. */
  duplicatesComplete: boolean;
  /** Hexadecimal hash of each image's bytes; null for a skipped image. */
  sha256: readonly (string | null)[];
  /** How the images were decoded. */
  decoding: DecodeOptions;
  /** Stores by the images' side in pixels. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Class of each image, Int32. */
  labels: SharedArrayBuffer;
  /** See {@link datasetFingerprint}. */
  fingerprint: string;
}

export interface DatasetEvents {
  onDecode(done: number, total: number): void;
  /** Progress of comparing images to find duplicates. */
  onCompare?(done: number, total: number): void;
  /**
   * Called with each problem that makes the images unusable, so that a check can report all of them. Without it, the first
   * problem is thrown.
   */
  onProblem?(problem: DataError | ConfigError): void;
}

/** Size of the generated data set `shapes`. */
const shapes = { seed: 1, imagesPerClass: { train: 600, validation: 200 } };

/** Names of data sets that can be given instead of a folder. */
export const namedSources: readonly string[] = ['shapes', 'cats-and-dogs'];

export function isNamedSource(source: string): boolean {
  return namedSources.includes(source);
}

/** The folder of a data source. Generates or downloads a named data set that is not in the cache. */
export async function dataFolder(source: string, { onDownload, ...fetching }: Downloads = {}): Promise<string> {
  if (source === 'shapes') return ensureShapes(shapes);
  if (source !== 'cats-and-dogs') return resolve(source);
  return ensureCatsAndDogs({
    ...fetching,
    onProgress: (bytes, total) => onDownload?.(source, bytes, total),
  });
}

/**
 * Finds a mistyped data folder before anything is downloaded or created.
 *
 * @throws DataError when a source is neither a named one nor a folder that can be listed.
 */
export async function requireDataFolder(source: string): Promise<void> {
  if (isNamedSource(source)) return;
  await readdir(resolve(source)).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`Cannot read the folder of images ${resolve(source)}: ${systemErrorText(error)}.`);
  });
}

/** The experiment's options for splitting images. */
export function splitPlanOf({ seed, split, stacking, flaws, recipe }: Experiment): SplitPlan {
  return {
    seed,
    tune: flaws.tuneOnTest ? 'test' : split.tune,
    test: split.test,
    stacking,
    testMultipleOf: flaws.wholeBatchesOnly ? recipe.batchSize : 1,
  };
}

/** The experiment's options for reading its folder. */
export function scanOptionsOf({ data: { layout, followLinks, limitPerClass } }: Experiment): ScanOptions {
  return { layout, followLinks, ...(limitPerClass === undefined ? {} : { limitPerClass }) };
}

/** The experiment's options for decoding images. */
export function decodingOf({ data, flaws }: Experiment): Required<DecodeOptions> {
  return decodingWith(data, flaws.aliasedResize ? 'opencv' : 'pillow');
}

/** Options for decoding images, with a resize method. */
export function decodingWith(
  { maxPixels, timeoutMs, background, shrinkOnLoad }: Experiment['data'],
  resize: ResizeMethod,
): Required<DecodeOptions> {
  return { maxPixels, timeoutMs, background, shrinkOnLoad, resize };
}

/**
 * Finds, decodes and splits the experiment's images.
 *
 * The split is drawn over all listed images. Unusable images, and those that `data.exclude` lists, are removed afterwards, so
 * that they do not change the split of the others.
 *
 * @param root folder of the experiment's data source.
 * @param laneBytes memory that the lanes need in addition to the pixels, to check this machine's memory before decoding.
 * @throws DataError for missing, damaged or too few images, or too little memory; ConfigError as `findExcludedImages`.
 */
export async function openDataset(
  experiment: Experiment,
  root: string,
  laneBytes: (imageCount: number) => number,
  events: DatasetEvents,
  signal?: AbortSignal,
): Promise<Dataset> {
  const { source } = experiment.data;
  const folder = await scanImageFolder(root, scanOptionsOf(experiment));
  const { images, classes, splits, hidden, beyondLimit, notices } = folder;
  const { passes, attempt, attemptAsync } = problemsOf(events);
  const { exclude } = experiment.data;
  const excluded =
    (exclude === undefined ? undefined : await attemptAsync(() => findExcludedImages(exclude, folder))) ??
    nothingExcluded;
  const isIncluded = (index: number) => !excluded.indices.has(index);
  const facts = { ...folder, excluded: excluded.entries };
  const plan = splitPlanOf(experiment);
  // Refuses too few images before decoding any.
  const listed = attempt(() => splitImages(folder, plan));
  const isListed =
    listed !== undefined && passes(() => checkDataset({ ...facts, split: listed, bad: [], isUsable: isIncluded }));
  const sizes = inputSizesOf(experiment);
  const fits = passes(() =>
    checkMemory({ imageCount: images.length, imageSizes: sizes, laneBytes: laneBytes(images.length) }),
  );
  // A check continues with small images: their pixels are not used for training.
  const decodedSizes = fits ? sizes : [smallestSize];
  const decoded = await decodeToStores(images, decodedSizes, {
    ...decodingOf(experiment),
    // `checkDataset` counts bad images, including those that were not listed.
    maxSkippedShare: 1,
    onProgress: events.onDecode,
    ...(signal === undefined ? {} : { signal }),
  });
  const policy = experiment.data.duplicates;
  // Compares the smallest images that show enough detail, which is fastest.
  const looked = decodedSizes.find((size) => size >= 64) ?? decodedSizes.at(-1)!;
  const pictures = await findPictureGroups(images, decoded.pixels.get(looked)!, decoded.sha256, {
    onProgress: (done, total) => events.onCompare?.(done, total),
    ...(signal === undefined ? {} : { signal }),
  });
  // An excluded copy still stays together with the others, so that it does not change their split.
  const together = policy === 'report' ? [] : pictures.groups.map(({ members }) => members);
  const groups = withoutExcluded(pictures.groups, isIncluded, decoded.sha256);
  const dropped = policy === 'drop' ? copiesToDrop(images, groups) : new Set<number>();
  const drawn = (listed && attempt(() => splitImages(folder, plan, together, dropped))) ?? noSplit;
  const isUsable = (index: number) => isIncluded(index) && decoded.isReady(index) && !dropped.has(index);
  const excludedPaths = new Set(excluded.entries.map(({ path }) => path));
  const bad = decoded.skipped.filter(({ path }) => !excludedPaths.has(path));
  // Problems of the listed images were reported above.
  if (isListed || listed === undefined) passes(() => checkDataset({ ...facts, split: drawn, bad, isUsable }));
  const split = filterSplit(drawn, isUsable);
  if (experiment.flaws.wholeBatchesOnly && drawn !== noSplit) passes(() => checkBatches(split, experiment));
  const labels = new SharedArrayBuffer(images.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(labels).set(images.map((image) => image.label));
  return {
    name: isNamedSource(source) ? source : basename(root),
    root,
    classes,
    images,
    split,
    skipped: [...folder.skipped, ...excluded.entries, ...bad.map((one) => ({ ...one, kind: 'image' as const }))],
    found: {
      ...{ splits, hidden, beyondLimit },
      notices: [...notices, ...excludedTestNotice(drawn.test.filter((index) => !isIncluded(index)).length)],
    },
    info: decoded.info.map((one, index) => (isIncluded(index) ? one : null)),
    duplicates: describeDuplicates(
      folder,
      groups,
      drawn === noSplit ? new Map() : disjointSets(split),
      policy,
      dropped,
    ),
    duplicatesComplete: pictures.isComplete,
    sha256: decoded.sha256,
    decoding: decodingOf(experiment),
    pixels: decoded.pixels,
    labels,
    fingerprint: datasetFingerprint(images, decoded.sha256, split),
  };
}

/** The classes of the given images. */
export function labelsOf({ labels }: Pick<Dataset, 'labels'>, indices: Uint32Array): Int32Array {
  const all = new Int32Array(labels);
  return Int32Array.from(indices, (index) => all[index]!);
}

// --- internal ---

const noSplit: ImageSplit = { test: new Uint32Array(), folds: [] };

/** Size of decoded images when a check finds too little memory for the experiment's sizes. */
const smallestSize = 32;

/** Runs checks, whose errors are passed to `onProblem` or else thrown. */
function problemsOf({ onProblem }: DatasetEvents) {
  const report = (error: unknown): undefined => {
    if (onProblem === undefined || !(error instanceof DataError || error instanceof ConfigError)) throw error;
    onProblem(error);
    return undefined;
  };
  const attempt = <T>(check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      return report(error);
    }
  };
  const attemptAsync = <T>(check: () => Promise<T>): Promise<T | undefined> => check().catch(report);
  /** Whether the check found no problem. */
  const passes = (check: () => void): boolean =>
    attempt(() => {
      check();
      return true;
    }) ?? false;
  return { attempt, attemptAsync, passes };
}

/** The groups of copies without excluded images; a group needs two others. */
function withoutExcluded(
  groups: readonly PictureGroup[],
  isIncluded: (index: number) => boolean,
  sha256: readonly (string | null)[],
): PictureGroup[] {
  return groups
    .map(({ members }) => members.filter(isIncluded))
    .filter((members) => members.length > 1)
    .map((members) => {
      const isExact = members.every((index) => sha256[index] === sha256[members[0]!]);
      return { kind: isExact ? 'exact' : 'near', members };
    });
}

/** The user may not expect that leaving out test images changes what is measured. */
function excludedTestNotice(count: number): string[] {
  if (count === 0) return [];
  return [
    `data.exclude leaves out ${count} test image${count === 1 ? '' : 's'}: every accuracy is measured without ${count === 1 ? 'it' : 'them'}`,
  ];
}

/** Checks that every set fills at least one batch, since incomplete batches are left out. */
function checkBatches({ folds }: ImageSplit, experiment: Experiment): void {
  const { recipe, stackers } = experiment;
  const why = 'a whole batch (flaws.wholeBatchesOnly)';
  const small = folds.find(({ fit }) => fit.length < recipe.batchSize);
  if (small !== undefined)
    throw new DataError(
      `Expected at least ${recipe.batchSize} images to fit, ${why}, received ${small.fit.length}; lower recipe.batchSize.`,
    );
  const rows = folds.reduce((sum, { outOfFold }) => sum + outOfFold.length, 0);
  for (const kind of stackers.kinds) {
    const minimum = minimumStackerRows(kind, stackerOptionsOf(experiment));
    // Cross-validation fits on all folds but one.
    const needed = Math.ceil((minimum * stackerFoldCount) / (stackerFoldCount - 1));
    if (rows < needed)
      throw new DataError(
        `Expected at least ${needed} images for the ${kind} stacker, ${why}, received ${rows}; remove ${kind} from stackers.kinds.`,
      );
  }
}
