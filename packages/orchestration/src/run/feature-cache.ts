/** Keeps features of frozen backbones between runs, by what they were computed from. */

import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodeOptions } from '@chorus/data';
import { cacheFolder, publishFile, readRegularFile, removeAbandoned, sha256 } from '@chorus/storage';
import { type ComputeSettings, type MemberPlan, type SharedFeatures, viewsInRows } from '@chorus/training';
import { processorKey } from '../processor.ts';
import { versions } from '../versions.ts';

/** Everything that features depend on. */
export interface FeatureOrigin {
  member: Pick<MemberPlan, 'backbone' | 'preprocessing' | 'weights'>;
  features: Pick<SharedFeatures, 'indices' | 'rowsPerImage' | 'crops' | 'cachedCopies'>;
  /** Hash of each image file of the data set; null for images without one. */
  sha256: readonly (string | null)[];
  decoding: DecodeOptions;
  /** Sides of the squares that each image was decoded to, pixels. */
  decodedSizes: readonly number[];
  /** Settings of all lanes, and their devices. */
  lanes: readonly { device: string; compute: ComputeSettings }[];
}

/**
 * The name under which features are kept: a hash of what their bits depend on.
 *
 * @returns undefined if they cannot be identified: with random weights, images without a file, lanes of several engines, own
 * builds of an engine, or GPUs, whose results vary.
 */
export function featureKey(origin: FeatureOrigin): string | undefined {
  const { member, features, sha256: images, decoding, decodedSizes, lanes } = origin;
  const { weights, backbone, preprocessing } = member;
  if (weights.kind === 'random' || hasOwnBuild()) return undefined;
  const files = Array.from(features.indices, (index) => images[index] ?? null);
  if (files.includes(null)) return undefined;
  if (lanes.some(({ device }) => !device.startsWith('cpu:'))) return undefined;
  const engines = new Set(lanes.map(({ compute }) => JSON.stringify([compute.forward.engine, compute.compile])));
  if (engines.size !== 1) return undefined;
  const { maxPixels: _, timeoutMs: __, ...pixels } = decoding;
  const causes = {
    format,
    ...{ backbone, preprocessing, weights: weights.sha256, rowsPerImage: features.rowsPerImage },
    ...{ engines: [...engines], processor: processorKey(), versions: versions() },
    ...{ pixels, files },
    ...(features.crops === undefined ? {} : { views: viewsInRows(features) }),
    // Copies are drawn by the index of their image.
    ...(features.cachedCopies && { cachedCopies: features.cachedCopies, indices: [...features.indices] }),
    // The largest square decides how far the decoder scales.
    ...(decoding.shrinkOnLoad ? { largestSize: Math.max(...decodedSizes) } : {}),
  };
  return sha256(JSON.stringify(causes));
}

/** Files in the user's cache, of a bounded total size: the least recently used ones are removed first. */
export class FeatureCache {
  readonly #folder: string;
  readonly #budgetBytes: number;

  /** @param options `budgetBytes`: maximum size of all files. */
  constructor({
    folder = featureCacheFolder(),
    budgetBytes = 2 ** 31,
  }: { folder?: string; budgetBytes?: number } = {}) {
    this.#folder = folder;
    this.#budgetBytes = budgetBytes;
  }

  /**
   * Returns kept rows in new shared memory, if they are there and undamaged.
   *
   * @param byteLength expected size of the rows.
   */
  async read(key: string, byteLength: number): Promise<SharedArrayBuffer | undefined> {
    const path = this.#path(key);
    const content = await readRegularFile(path, { maxBytes: byteLength + digestLength }).catch(() => undefined);
    if (content?.length !== byteLength + digestLength) return undefined;
    const rows = content.subarray(0, byteLength);
    if (content.subarray(byteLength).toString('hex') !== sha256(rows)) return undefined;
    const now = new Date();
    // Recently used files are removed last. Another process may remove this one at the same time.
    await utimes(path, now, now).catch(() => {});
    const shared = new SharedArrayBuffer(byteLength);
    new Uint8Array(shared).set(rows);
    return shared;
  }

  /** Keeps rows, unless they exceed the budget alone, and removes the files that no longer fit. */
  async write(key: string, rows: SharedArrayBuffer): Promise<void> {
    if (rows.byteLength + digestLength > this.#budgetBytes) return;
    const content = new Uint8Array(rows.byteLength + digestLength);
    content.set(new Uint8Array(rows));
    content.set(Buffer.from(sha256(content.subarray(0, rows.byteLength)), 'hex'), rows.byteLength);
    await publishFile(this.#path(key), content);
    await removeAbandoned(this.#folder);
    let total = 0;
    for (const { path, bytes } of await this.files()) {
      total += bytes;
      if (total > this.#budgetBytes) await rm(path, { force: true });
    }
  }

  /** All files, the most recently used first, including those that killed processes left incomplete. */
  async files(): Promise<{ path: string; bytes: number }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(
      names
        .filter((name) => isCacheFile.test(name))
        .map(async (name) => {
          const path = join(this.#folder, name);
          const stats = await stat(path).catch(() => undefined);
          return stats && { path, bytes: stats.size, usedAtMs: stats.mtimeMs };
        }),
    );
    return found
      .filter((file) => file !== undefined)
      .toSorted((a, b) => b.usedAtMs - a.usedAtMs)
      .map(({ path, bytes }) => ({ path, bytes }));
  }

  /** Removes all files, and returns those that were there. */
  async clear(): Promise<{ path: string; bytes: number }[]> {
    const files = await this.files();
    for (const { path } of files) await rm(path, { force: true });
    return files;
  }

  #path(key: string): string {
    return join(this.#folder, `${key}${extension}`);
  }
}

/** The folder of kept features in the user's cache. */
export function featureCacheFolder(): string {
  return cacheFolder('features');
}

// --- internal ---

/** Whether the environment names a build of an engine whose version is unknown. */
function hasOwnBuild(): boolean {
  return [process.env.CHORUS_LIBTENSORFLOW, process.env.CHORUS_ONNXRUNTIME].some(
    (named) => named !== undefined && named !== '' && named !== 'none',
  );
}

/**
 * Increases when decoding, the models or the engines change the numbers within one version of Chorus, or the file its meaning.
 * A version of Chorus has one version of each engine and of the decoder.
 */
const format = 1;
/** Rows, followed by their SHA-256. */
const extension = '.f32';
const digestLength = 32;
/** Kept features, and the temporary files that killed processes of earlier versions left. */
const isCacheFile = /\.f32(\.\d+)?$/;
