/** From the experiment's `data` to decoded pixels and a split: everything that happens before a lane starts. */
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
  type PixelStoreHandle,
  type ScanOptions,
  type SkippedEntry,
  type SplitPlan,
  scanImageFolder,
  splitImages,
} from '@chorus/data';
import { minimumStackerRows } from '@chorus/models';
import { systemErrorText } from '@chorus/storage';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
import { stackerOptionsOf } from '../experiment/stacker-options.ts';
import { stackerFoldCount } from '../stacking/choose.ts';
import { datasetFingerprint } from './dataset-fingerprint.ts';
import { decodeToStores } from './decode-to-stores.ts';
import type { Downloads } from './downloads.ts';

/** Decoded images of a run and what each is for. */
export interface Dataset {
  name: string;
  /** Absolute path that the relative ones start from. */
  root: string;
  classes: string[];
  /** Every file found, in a fixed order; a skipped one keeps its place, but the split has it no more. */
  images: ImageFile[];
  /** Without folds only where `onProblem` let an impossible split pass. */
  split: ImageSplit;
  /** Every entry that is not used, and every image that cannot be decoded. */
  skipped: SkippedEntry[];
  /** How the folder was read; see {@link ImageFolder}. */
  found: Pick<ImageFolder, 'splits' | 'hidden' | 'beyondLimit' | 'notices'>;
  /** Of each image's file: its format and dimensions; null for an image that was skipped. */
  info: readonly (ImageInfo | null)[];
  /** Pictures that the images have more than once. */
  duplicates: DuplicateGroup[];
  /** False where so many images look alike that not all of them could be compared. */
  duplicatesComplete: boolean;
  /** Of each image's bytes, hexadecimal; null for an image that was skipped. */
  sha256: readonly (string | null)[];
  /** By their images' side in pixels. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Int32 per image. */
  labels: SharedArrayBuffer;
  /** See {@link datasetFingerprint}. */
  fingerprint: string;
}

export interface DatasetEvents {
  onDecode(done: number, total: number): void;
  /** Images that were compared with the others, to find copies of one picture. */
  onCompare?(done: number, total: number): void;
  /**
   * Called with each reason to refuse the images, so that a check finds more than the first one; without it the first one is
   * thrown.
   */
  onProblem?(problem: DataError): void;
}

/** Generated images: sizes of the data set `shapes`. */
const shapes = { seed: 1, imagesPerClass: { train: 600, validation: 200 } };

/** Sources that are no folders. */
export const namedSources: readonly string[] = ['shapes', 'cats-and-dogs'];

export function isNamedSource(source: string): boolean {
  return namedSources.includes(source);
}

/** The folder that a data source stands for; a named one is drawn or downloaded when it is not in the cache. */
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
    throw new DataError(`Expected a folder of images at ${resolve(source)}, received: ${systemErrorText(error)}.`);
  });
}

/** How the experiment's images are split. */
export function splitPlanOf({ seed, split, stacking, flaws, recipe }: Experiment): SplitPlan {
  return {
    seed,
    tune: flaws.tuneOnTest ? 'test' : split.tune,
    test: split.test,
    stacking,
    testMultipleOf: flaws.wholeBatchesOnly ? recipe.batchSize : 1,
  };
}

/** How the experiment's folder is read. */
export function scanOptionsOf({ data: { layout, followLinks, limitPerClass } }: Experiment): ScanOptions {
  return { layout, followLinks, ...(limitPerClass === undefined ? {} : { limitPerClass }) };
}

/** How the experiment's images are decoded. */
export function decodingOf({ data, flaws }: Experiment): DecodeOptions {
  const { maxPixels, timeoutMs, background } = data;
  return { maxPixels, timeoutMs, background, resize: flaws.aliasedResize ? 'opencv' : 'pillow' };
}

/**
 * Finds, decodes and splits the experiment's images.
 *
 * The split is drawn over all listed images, and those that cannot be used leave it afterwards: they do not move the others.
 *
 * @param root folder of the experiment's data source.
 * @param laneBytes what the lanes will need beside the pixels; too much for this machine is refused before decoding.
 * @throws DataError for missing, damaged or too few images, or too little memory.
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
  const { passes, attempt } = problemsOf(events);
  const plan = splitPlanOf(experiment);
  // Too few images are refused before any is decoded.
  const listed = attempt(() => splitImages(folder, plan));
  const isListed =
    listed !== undefined && passes(() => checkDataset({ ...folder, split: listed, bad: [], isUsable: () => true }));
  const sizes = inputSizesOf(experiment);
  const fits = passes(() =>
    checkMemory({ imageCount: images.length, imageSizes: sizes, laneBytes: laneBytes(images.length) }),
  );
  // A check goes on without the memory: nobody will train on its pixels.
  const decodedSizes = fits ? sizes : [smallestSize];
  const decoded = await decodeToStores(images, decodedSizes, {
    ...decodingOf(experiment),
    // The data set's checks count them, with those that were not listed.
    maxSkippedShare: 1,
    onProgress: events.onDecode,
    ...(signal === undefined ? {} : { signal }),
  });
  const policy = experiment.data.duplicates;
  // The smallest is the fastest to look at, but must show details.
  const looked = decodedSizes.find((size) => size >= 64) ?? decodedSizes.at(-1)!;
  const pictures = await findPictureGroups(images, decoded.pixels.get(looked)!, decoded.sha256, {
    onProgress: (done, total) => events.onCompare?.(done, total),
    ...(signal === undefined ? {} : { signal }),
  });
  const together = policy === 'report' ? [] : pictures.groups.map(({ members }) => members);
  const dropped = policy === 'drop' ? copiesToDrop(images, pictures.groups) : new Set<number>();
  const drawn = (listed && attempt(() => splitImages(folder, plan, together, dropped))) ?? noSplit;
  const isUsable = (index: number) => decoded.isReady(index) && !dropped.has(index);
  // What the listed images lacked was a problem already.
  if (isListed || listed === undefined)
    passes(() => checkDataset({ ...folder, split: drawn, bad: decoded.skipped, isUsable }));
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
    skipped: [...folder.skipped, ...decoded.skipped.map((one) => ({ ...one, kind: 'image' as const }))],
    found: { splits, hidden, beyondLimit, notices },
    info: decoded.info,
    duplicates: describeDuplicates(
      folder,
      pictures.groups,
      drawn === noSplit ? new Map() : disjointSets(split),
      policy,
      dropped,
    ),
    duplicatesComplete: pictures.isComplete,
    sha256: decoded.sha256,
    pixels: decoded.pixels,
    labels,
    fingerprint: datasetFingerprint(images, decoded.sha256, split),
  };
}

/** The class of each of some images. */
export function labelsOf({ labels }: Pick<Dataset, 'labels'>, indices: Uint32Array): Int32Array {
  const all = new Int32Array(labels);
  return Int32Array.from(indices, (index) => all[index]!);
}

// --- internal ---

const noSplit: ImageSplit = { test: new Uint32Array(), folds: [] };

/** Side of the pixels of a check for which this machine has too little memory. */
const smallestSize = 32;

/** Runs checks: what they throw ends the run, or goes to `onProblem`. */
function problemsOf({ onProblem }: DatasetEvents) {
  const attempt = <T>(check: () => T): T | undefined => {
    try {
      return check();
    } catch (error) {
      if (onProblem === undefined || !(error instanceof DataError)) throw error;
      onProblem(error);
      return undefined;
    }
  };
  /** Whether nothing was wrong. */
  const passes = (check: () => void): boolean =>
    attempt(() => {
      check();
      return true;
    }) ?? false;
  return { attempt, passes };
}

/** Leaving out what fills no batch must leave something. */
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
        `Expected at least ${needed} images for the ${kind} stacker, ${why}, received ${rows}; leave ${kind} out of stackers.kinds.`,
      );
  }
}
