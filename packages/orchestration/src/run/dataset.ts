/** From the experiment's `data` to decoded pixels and a split: everything that happens before a lane starts. */
import { basename, resolve } from 'node:path';
import {
  checkMemory,
  DataError,
  type DecodeOptions,
  type DuplicateGroup,
  disjointSets,
  ensureCatsAndDogs,
  ensureShapes,
  filterSplit,
  findDuplicates,
  type ImageFile,
  type ImageSplit,
  type PixelStoreHandle,
  type SkippedImage,
  type SplitPlan,
  scanImageFolder,
  splitImages,
} from '@chorus/data';
import { denseBatchSize } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
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
  split: ImageSplit;
  skipped: SkippedImage[];
  duplicates: DuplicateGroup[];
  /** By their images' side in pixels. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** Int32 per image. */
  labels: SharedArrayBuffer;
  /** Of each image's bytes, hexadecimal; null for an image that was skipped. */
  sha256: readonly (string | null)[];
  /** Changes when a file is added, removed, renamed or changes its size, or when the split is drawn otherwise. */
  fingerprint: string;
}

export interface DatasetEvents {
  onDecode(done: number, total: number): void;
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

/** How the experiment's images are decoded. */
export function decodingOf({ data, flaws }: Experiment): DecodeOptions {
  const { maxPixels, timeoutMs, background } = data;
  return { maxPixels, timeoutMs, background, resize: flaws.aliasedResize ? 'opencv' : 'pillow' };
}

/**
 * Finds, splits and decodes the experiment's images.
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
  const { source, limitPerClass } = experiment.data;
  const folder = await scanImageFolder(root, limitPerClass === undefined ? {} : { limitPerClass });
  const { images, classes } = folder;
  const drawn = splitImages(folder, splitPlanOf(experiment));
  const sizes = inputSizesOf(experiment);
  checkMemory({ imageCount: images.length, imageSizes: sizes, laneBytes: laneBytes(images.length) });
  const decoded = await decodeToStores(images, sizes, {
    ...decodingOf(experiment),
    onProgress: events.onDecode,
    ...(signal === undefined ? {} : { signal }),
  });
  const split = filterSplit(drawn, decoded.isReady);
  if (experiment.flaws.wholeBatchesOnly) checkBatches(split, experiment);
  const labels = new SharedArrayBuffer(images.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(labels).set(images.map((image) => image.label));
  return {
    name: isNamedSource(source) ? source : basename(root),
    root,
    classes,
    images,
    split,
    skipped: [...folder.skipped, ...decoded.skipped],
    duplicates: await findDuplicates(images, disjointSets(split)),
    pixels: decoded.pixels,
    labels,
    sha256: decoded.sha256,
    fingerprint: fingerprint(images, split),
  };
}

/** The class of each of some images. */
export function labelsOf({ labels }: Pick<Dataset, 'labels'>, indices: Uint32Array): Int32Array {
  const all = new Int32Array(labels);
  return Int32Array.from(indices, (index) => all[index]!);
}

// --- internal ---

/** Leaving out what fills no batch must leave something. */
function checkBatches({ parts }: ImageSplit, { recipe, stackers }: Experiment): void {
  const why = 'a whole batch (flaws.wholeBatchesOnly)';
  const small = parts.find(({ fit }) => fit.length < recipe.batchSize);
  if (small !== undefined)
    throw new DataError(
      `Expected at least ${recipe.batchSize} images to fit, ${why}, received ${small.fit.length}; lower recipe.batchSize.`,
    );
  const rows = parts.reduce((sum, { heldOut }) => sum + heldOut.length, 0);
  // Cross-validation leaves four fifths of them, and patience four fifths of these; folds differ by an image per class.
  const kept = stackers.dense.patience === null ? 0.8 : 0.64;
  const needed = Math.ceil((denseBatchSize + 4) / kept);
  if (stackers.kinds.includes('dense') && rows < needed)
    throw new DataError(
      `Expected at least ${needed} images for the dense stacker, ${why}, received ${rows}; leave dense out of stackers.kinds.`,
    );
}

function fingerprint(images: readonly ImageFile[], split: ImageSplit): string {
  const files = images.map((image) => `${image.relativePath}\0${image.sizeBytes}`);
  const parts = split.parts.map(({ name, fit, tune, heldOut }) => [name, fit, tune, heldOut].join(';'));
  return sha256([...files, ...parts, `test;${split.test}`].join('\n'));
}
