/** Classifies any number of images in constant memory: decodes the next chunk while it predicts the current one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createPixelStore,
  type DecodeOptions,
  decodeImages,
  type ImageToDecode,
  PixelStore,
  type PixelStoreHandle,
  type SkippedImage,
} from '@chorus/data';
import { prepareProcess } from '@chorus/runtime';
import { forwardBatchSize, StoppedError } from '@chorus/training';
import type { Bundle } from '../bundle.ts';
import {
  type BundlePredictor,
  type BundlePredictorOptions,
  type ImageProbabilities,
  openBundlePredictor,
} from './bundle-predictor.ts';
import { type ImageInput, nameOf, toFiles } from './image-input.ts';
import { oneAhead } from './one-ahead.ts';

export interface ClassifyOptions extends BundlePredictorOptions {
  /** Stops before the next image or batch. */
  signal?: AbortSignal;
  /** Computes heat maps of the predicted classes, too. */
  explains?: boolean | undefined;
}

/** Results for consecutive inputs, in their order. */
export interface ClassifiedChunk extends ImageProbabilities {
  /** For each row of the probabilities, the index of its input. */
  kept: number[];
  /** The chunk's inputs that could not be decoded. */
  skipped: SkippedImage[];
  /** Number of inputs so far, including this chunk. */
  doneCount: number;
}

/** Maximum memory of a chunk's pixels in all sizes; two chunks are in memory at a time. */
const chunkBytes = 64 * 2 ** 20;
const largestChunk = 8 * forwardBatchSize;

/**
 * Classifies images chunk by chunk. The first chunk is a single batch, to yield the first results early.
 *
 * Memory does not depend on the number of images. The probabilities equal those of a single pass over all images, except for
 * rounding that depends on an image's position in its batch.
 *
 * @throws StoppedError after `signal`; ConfigError or DataError, before anything is decoded, when the machine cannot run it.
 */
export async function* classifyImages(
  bundle: Bundle,
  inputs: readonly ImageInput[],
  options: ClassifyOptions = {},
): AsyncGenerator<ClassifiedChunk> {
  prepareProcess();
  const { signal } = options;
  const chunkCount = imagesPerChunk(bundle, inputs.length);
  const predictor = await openBundlePredictor(bundle, { imageCount: inputs.length, chunkCount }, options);
  const onAbort = () => predictor.stop();
  signal?.addEventListener('abort', onAbort);
  let folder: string | undefined;
  try {
    signal?.throwIfAborted();
    if (inputs.some(({ kind }) => kind !== 'file')) folder = await mkdtemp(join(tmpdir(), 'chorus-predict-'));
    // Two sets of stores: one is read for prediction while the other is filled.
    const stores = [0, 1].map(() => predictor.sizes.map((size) => createPixelStore(chunkCount, size)));
    const decode = (chunk: Chunk, ended: AbortSignal) =>
      decodeChunk(inputs, chunk, stores[chunk.index % 2]!, folder, bundle.manifest.decoding, ended);
    for await (const decoded of oneAhead(chunksOf(inputs.length, chunkCount), decode, signal))
      yield { ...(await predictChunk(predictor, decoded, bundle, options)), doneCount: decoded.end };
  } catch (error) {
    // After a stop request, any failure counts as the stop.
    if (signal?.aborted) throw new StoppedError('Stopped.');
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await predictor.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

// --- internal ---

interface Chunk {
  index: number;
  start: number;
  end: number;
}

interface DecodedChunk {
  /** Number of inputs up to its end. */
  end: number;
  /** Stores by the images' side in pixels. */
  pixels: ReadonlyMap<number, PixelStoreHandle>;
  /** The stores' filled slots, and the indices of their inputs. */
  slots: number[];
  kept: number[];
  skipped: SkippedImage[];
}

function imagesPerChunk({ members }: Bundle, imageCount: number): number {
  const sizes = new Set(members.flatMap(({ models }) => models.map((model) => model.manifest.backbone.inputSize)));
  const imageBytes = [...sizes].reduce((sum, size) => sum + size * size * 3, 0);
  const batches = Math.floor(chunkBytes / imageBytes / forwardBatchSize);
  return Math.min(imageCount, largestChunk, Math.max(1, batches) * forwardBatchSize);
}

function chunksOf(imageCount: number, chunkCount: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < imageCount; start = chunks.at(-1)!.end) {
    const length = start === 0 ? Math.min(forwardBatchSize, chunkCount) : chunkCount;
    chunks.push({ index: chunks.length, start, end: Math.min(imageCount, start + length) });
  }
  return chunks;
}

async function decodeChunk(
  inputs: readonly ImageInput[],
  { start, end }: Chunk,
  stores: readonly PixelStoreHandle[],
  folder: string | undefined,
  decoding: DecodeOptions,
  signal: AbortSignal,
): Promise<DecodedChunk> {
  const chunkFolder = folder === undefined ? undefined : await mkdtemp(join(folder, 'chunk-'));
  try {
    const files = await toFiles(inputs.slice(start, end), chunkFolder, signal);
    const images = files.filter((file): file is ImageToDecode => 'path' in file);
    const handles = stores.map((store) => emptied(store, images.length));
    const { skipped: undecoded } = await decodeImages(images, handles, {
      ...decoding,
      maxSkippedShare: 1,
      signal,
    });
    const store = new PixelStore(handles[0]!);
    const chunk: DecodedChunk = {
      end,
      pixels: new Map(handles.map((handle) => [handle.size, handle])),
      ...{ slots: [], kept: [], skipped: [] },
    };
    let slot = 0;
    let undecodedCount = 0;
    for (const [index, file] of files.entries()) {
      const position = start + index;
      if ('reason' in file) chunk.skipped.push({ path: nameOf(inputs[position]!), reason: file.reason });
      else if (store.isReady(slot)) {
        chunk.slots.push(slot);
        chunk.kept.push(position);
      } else {
        chunk.skipped.push(undecoded[undecodedCount]!);
        undecodedCount += 1;
      }
      if ('path' in file) slot += 1;
    }
    return chunk;
  } finally {
    if (chunkFolder !== undefined) await rm(chunkFolder, { recursive: true, force: true });
  }
}

/** Resets a store for other images, reusing its memory. */
function emptied({ segments, size, imagesPerSegment }: PixelStoreHandle, count: number): PixelStoreHandle {
  const ready = new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT);
  return { size, count, segments, imagesPerSegment, ready };
}

async function predictChunk(
  predictor: BundlePredictor,
  { pixels, slots, kept, skipped }: DecodedChunk,
  { members }: Bundle,
  { explains }: ClassifyOptions,
): Promise<Omit<ClassifiedChunk, 'doneCount'>> {
  if (kept.length === 0)
    return { kept, skipped, ensemble: new Float32Array(), members: members.map(() => new Float32Array()) };
  return { kept, skipped, ...(await predictor.predict(pixels, Uint32Array.from(slots), { explains })) };
}
