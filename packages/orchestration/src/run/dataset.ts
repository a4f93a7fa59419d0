/** From the experiment's `data` to decoded pixels and a split: everything that happens before a lane starts. */
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import {
  checkMemory,
  createPixelStore,
  type DuplicateGroup,
  decodeImages,
  ensureShapes,
  findDuplicates,
  type ImageFile,
  type ImageSplit,
  PixelStore,
  type PixelStoreHandle,
  type SkippedImage,
  scanImageFolder,
  splitImages,
} from '@chorus/data';
import { sha256 } from '@chorus/storage';
import type { Experiment } from '../experiment/schema.ts';

/** Decoded images of a run and what each is for. */
export interface Dataset {
  name: string;
  /** Absolute path that the relative ones start from. */
  root: string;
  classes: string[];
  /** Every file found, in a fixed order; a skipped one keeps its place, but no split has it. */
  images: ImageFile[];
  split: ImageSplit;
  skipped: SkippedImage[];
  duplicates: DuplicateGroup[];
  pixels: PixelStoreHandle;
  /** Int32 per image. */
  labels: SharedArrayBuffer;
  decodeSeconds: number;
  /** Changes when a file is added, removed, renamed or changes its size, or when the split is drawn otherwise. */
  fingerprint: string;
}

export interface DatasetEvents {
  onDecode(done: number, total: number): void;
}

/** Generated images: sizes of the data set `shapes`. */
const shapes = { seed: 1, imagesPerClass: { train: 600, validation: 200 } };

/** The folder that a data source stands for; `shapes` is drawn into the cache when it is not there. */
export async function dataFolder(source: string): Promise<string> {
  return source === 'shapes' ? ensureShapes(shapes) : resolve(source);
}

/**
 * Finds, splits and decodes the experiment's images.
 *
 * @param laneBytes what the lanes will need beside the pixels; too much for this machine is refused before decoding.
 * @throws DataError for missing, damaged or too few images, or too little memory.
 */
export async function openDataset(
  experiment: Experiment,
  laneBytes: number,
  events: DatasetEvents,
  signal?: AbortSignal,
): Promise<Dataset> {
  const { source, limitPerClass, maxPixels, timeoutMs } = experiment.data;
  const root = await dataFolder(source);
  const folder = await scanImageFolder(root, limitPerClass === undefined ? {} : { limitPerClass });
  const { images, classes } = folder;
  const drawn = splitImages(folder, { seed: experiment.seed, shares: experiment.split });
  checkMemory({ imageCount: images.length, imageSize: experiment.inputSize, laneBytes });
  const pixels = createPixelStore(images.length, experiment.inputSize);
  const decoded = await decodeImages(images, pixels, {
    concurrency: availableParallelism(),
    maxPixels,
    timeoutMs,
    onProgress: events.onDecode,
    ...(signal === undefined ? {} : { signal }),
  });
  // A damaged image leaves its split; the others stay where they were drawn.
  const store = new PixelStore(pixels);
  const ready = (indices: Uint32Array) => indices.filter((index) => store.isReady(index));
  const split: ImageSplit = {
    fit: ready(drawn.fit),
    tune: ready(drawn.tune),
    stack: ready(drawn.stack),
    test: ready(drawn.test),
  };
  const labels = new SharedArrayBuffer(images.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(labels).set(images.map((image) => image.label));
  return {
    name: source === 'shapes' ? 'shapes' : basename(root),
    root,
    classes,
    images,
    split,
    skipped: [...folder.skipped, ...decoded.skipped],
    duplicates: await findDuplicates(images, split),
    pixels,
    labels,
    decodeSeconds: decoded.seconds,
    fingerprint: fingerprint(images, split),
  };
}

/** The class of each of some images. */
export function labelsOf({ labels }: Pick<Dataset, 'labels'>, indices: Uint32Array): Int32Array {
  const all = new Int32Array(labels);
  return Int32Array.from(indices, (index) => all[index]!);
}

// --- internal ---

function fingerprint(images: readonly ImageFile[], split: ImageSplit): string {
  const files = images.map((image) => `${image.relativePath}\0${image.sizeBytes}`);
  const parts = Object.entries(split).map(([name, indices]) => `${name}:${indices.join(',')}`);
  return sha256([...files, ...parts].join('\n'));
}
