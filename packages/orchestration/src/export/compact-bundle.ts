/** Writes a bundle again with fewer bytes per weight, for a smaller download. */
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { compactMember } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { type Bundle, readBundle, studentBundle, writeBundle } from '../bundle.ts';
import { advise, ConfigError } from '../errors.ts';
import { requireWritable, writingTo } from '../output-place.ts';
import type { PredictingMember } from '../run/predict-members.ts';
import { requireOnnxruntime, sampleImages, withMeasuredRanges } from './measure-ranges.ts';
import { requireOutside } from './outside-bundle.ts';
import { readMeOfBundle } from './read-me-of-bundle.ts';
import { throwIfStopped } from './throw-if-stopped.ts';

export const compactEncodings = ['float16', 'int8'] as const;
/** `float16`: half the bytes; `int8`: a quarter, with a scale for each channel of a kernel. */
export type CompactEncoding = (typeof compactEncodings)[number];

export interface CompactOptions {
  /** Path of the folder; by default `bundle-<encoding>`, of the student `bundle-student-<encoding>`, beside the bundle. Replaces an earlier compact bundle. */
  out?: string | undefined;
  /** Writes a bundle of the student alone. */
  student?: boolean | undefined;
  /**
   * A folder of images like those that will be classified, for `int8`: onnxruntime then computes with 8-bit integers, too, in
   * ranges that are measured on up to 200 of these images. Needs onnxruntime.
   */
  images?: string | undefined;
  /** Stops before the next image or model. */
  signal?: AbortSignal | undefined;
}

export interface CompactResult {
  folder: string;
  /** Of all models' weights. */
  byteCount: number;
  /** Of those of the original. */
  originalByteCount: number;
  /** The number of images that ranges were measured on; undefined if none were measured. */
  imageCount: number | undefined;
}

/**
 * Writes a bundle with compact weights; the folder appears atomically. Everything that reads a bundle reads it. TensorFlow and tfjs
 * decode the weights to float32 and compute with these, and so does onnxruntime unless ranges were measured.
 *
 * The stackers, the calibration and the thresholds are those of the original weights.
 *
 * @throws StorageError for a damaged bundle; ConfigError for an unknown encoding, a bundle that is compact already or has no student, when `out` has
 * anything but a compact bundle, is inside the bundle or is not writable, for a folder without images, or where onnxruntime does not run; DataError for
 * a missing folder of images, or too many unusable ones; StoppedError after `signal`.
 * @example
 * const { folder } = await compactBundle('run/bundle', 'int8'); // run/bundle-int8
 */
export async function compactBundle(
  bundleFolder: string,
  encoding: string,
  { out, student: isStudent = false, images, signal }: CompactOptions = {},
): Promise<CompactResult> {
  assertEncoding(encoding);
  if (images !== undefined) {
    if (encoding !== 'int8') throw new ConfigError(`Images are for weights of type int8, received ${encoding}.`);
    requireOnnxruntime();
  }
  const name = isStudent ? `bundle-student-${encoding}` : `bundle-${encoding}`;
  const folder = resolve(out ?? join(dirname(resolve(bundleFolder)), name));
  const whole = await readBundle(bundleFolder);
  const bundle = isStudent ? studentBundle(whole) : whole;
  if (isCompact(bundle))
    throw new ConfigError(
      `${bundleFolder}: expected a bundle with float32 weights, received one with compact weights.`,
    );
  await writingTo(folder, async () => {
    await requireOutside(bundleFolder, folder);
    await requireReplaceable(folder);
  });
  await requireWritable(dirname(folder));
  // A bundle of the student alone has it as its only member.
  const originals = isStudent || bundle.student === undefined ? bundle.members : [...bundle.members, bundle.student];
  const sizes = new Set(originals.flatMap(({ models }) => models.map(({ manifest }) => manifest.backbone.inputSize)));
  const { decoding } = bundle.manifest;
  const sample = images === undefined ? undefined : await sampleImages(images, [...sizes], decoding, signal);
  const compact = originals.map(
    (member): PredictingMember => ({
      name: member.name,
      models: member.models.map((model) => {
        throwIfStopped(signal);
        return compactMember(model, encoding);
      }),
    }),
  );
  const all = sample === undefined ? compact : await withMeasuredRanges(compact, sample, signal);
  const members = all.slice(0, bundle.members.length);
  const student = all[bundle.members.length];
  const { schemaVersion: _, members: __, student: ___, stackers: ____, ...manifest } = bundle.manifest;
  await writingTo(folder, () =>
    writeBundle(folder, manifest, members, bundle.stackers, bundle.images, student, {
      'README.md': readMeOfBundle(bundle.manifest, encoding, images !== undefined),
    }),
  );
  return {
    folder,
    byteCount: weightBytes(all),
    originalByteCount: weightBytes(originals),
    imageCount: sample?.count,
  };
}

// --- internal ---

function assertEncoding(encoding: string): asserts encoding is CompactEncoding {
  if (!(compactEncodings as readonly string[]).includes(encoding))
    throw new ConfigError(
      `Unknown type of weights ${JSON.stringify(encoding)}; expected one of: ${compactEncodings.join(', ')}.`,
    );
}

/** An original is never replaced. */
async function requireReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  const there = await readBundle(folder).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  if (there !== undefined && isCompact(there)) return;
  throw advise(
    new ConfigError(
      `Expected nothing or an earlier compact bundle at ${folder}, received ${there === undefined ? 'something else' : 'a bundle with float32 weights'}.`,
    ),
    { code: 'output-place' },
  );
}

function isCompact({ members }: Bundle): boolean {
  return members.some(({ models }) =>
    models.some(({ manifest }) => manifest.tensors.some(({ encoding }) => encoding !== undefined)),
  );
}

function weightBytes(members: readonly PredictingMember[]): number {
  return members.flatMap(({ models }) => models).reduce((sum, { weights }) => sum + weights.length, 0);
}
