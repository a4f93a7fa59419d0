/** Writes a bundle again with fewer bytes per weight, for a smaller download. */
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { compactMember } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { type Bundle, readBundle, studentBundle, writeBundle } from '../bundle.ts';
import { advise, ConfigError } from '../errors.ts';
import { requireWritable, writingTo } from '../output-place.ts';
import type { PredictingMember } from '../run/predict-members.ts';
import { requireOutside } from './outside-bundle.ts';
import { readMeOfBundle } from './read-me-of-bundle.ts';

export const compactEncodings = ['float16', 'int8'] as const;
/** `float16`: half the bytes; `int8`: a quarter, with a scale for each channel of a kernel. */
export type CompactEncoding = (typeof compactEncodings)[number];

export interface CompactResult {
  folder: string;
  /** Of all models' weights. */
  byteCount: number;
  /** Of those of the original. */
  originalByteCount: number;
}

/**
 * Writes a bundle with compact weights; the folder appears atomically. Everything that reads a bundle reads it: weights are
 * decoded to float32 when they are loaded.
 *
 * The stackers, the calibration and the thresholds are those of the original weights.
 *
 * @param options `out`: path of the folder, by default `bundle-<encoding>` (of the student: `bundle-student-<encoding>`) beside the
 * bundle; replaces an earlier compact bundle. `student`: writes a bundle of the student alone. `signal`: stops before the next model.
 * @throws StorageError for a damaged bundle; ConfigError for an unknown encoding, a bundle that is compact already or has no student, or when `out` has
 * anything but a compact bundle, is inside the bundle or is not writable; StoppedError after `signal`.
 * @example
 * const { folder } = await compactBundle('run/bundle', 'int8'); // run/bundle-int8
 */
export async function compactBundle(
  bundleFolder: string,
  encoding: string,
  { out, student: isStudent = false, signal }: { out?: string; student?: boolean; signal?: AbortSignal } = {},
): Promise<CompactResult> {
  assertEncoding(encoding);
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
  const compact = (member: PredictingMember): PredictingMember => ({
    name: member.name,
    models: member.models.map((model) => {
      if (signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
      return compactMember(model, encoding);
    }),
  });
  const members = bundle.members.map(compact);
  // A bundle of the student alone has it as its only member.
  const student = isStudent || bundle.student === undefined ? undefined : compact(bundle.student);
  const { schemaVersion: _, members: __, student: ___, stackers: ____, ...manifest } = bundle.manifest;
  await writingTo(folder, () =>
    writeBundle(folder, manifest, members, bundle.stackers, bundle.images, student, {
      'README.md': readMeOfBundle(bundle.manifest, encoding),
    }),
  );
  return {
    folder,
    byteCount: weightBytes([...members, ...(student ? [student] : [])]),
    originalByteCount: weightBytes([...bundle.members, ...(student && bundle.student ? [bundle.student] : [])]),
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
