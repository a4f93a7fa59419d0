/** The bundle: a sealed folder with everything needed to classify images. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isColor } from '@chorus/data';
import {
  type BundleManifest,
  bundleManifestSchema,
  bundleSchemaVersion,
  checkValue,
  ModelError,
  mistakesLine,
  type Stacker,
  type StackerKind,
  singleMemberManifest,
  stackerFromJson,
  upgradeBundleManifest,
} from '@chorus/models';
import { type ExistingFile, openSealedFolder, parseJson, StorageError, sealFolder } from '@chorus/storage';
import type { z } from 'zod';
import { ConfigError } from './errors.ts';
import { memberNameSchema } from './experiment/member.ts';
import { modelFile, type PredictingMember } from './run/predict-members.ts';
import { type RunImages, runImagesSchema } from './run/run-images.ts';

/** Stricter than the schema of the manifest: a name is a folder here, and sharp parses the color. */
const bundleSchema = bundleManifestSchema
  .refine(
    ({ members, student }) =>
      [...members, ...(student ? [student] : [])].every(({ name }) => memberNameSchema.safeParse(name).success),
    'names of members: expected lower-case letters, digits, ".", "_" or "-" (at most 64)',
  )
  .refine(({ decoding }) => isColor(decoding.background), {
    path: ['decoding', 'background'],
    error: 'expected a color',
  });

export type { BundleManifest };

export interface Bundle {
  manifest: BundleManifest;
  /** In the order of the stackers' inputs. */
  members: PredictingMember[];
  stackers: ReadonlyMap<StackerKind, Stacker>;
  /** The student, if the run trained one. */
  student: PredictingMember | undefined;
  /** The images that the bundle's run trained and tested on. */
  images: RunImages;
}

/**
 * Publishes a bundle atomically, replacing an earlier one. The weights of a model with a path become hard links to that file, so
 * that they are stored only once.
 *
 * @param texts other files, by name, which nothing reads.
 */
export async function writeBundle(
  folder: string,
  manifest: Omit<z.input<typeof bundleSchema>, 'schemaVersion' | 'members' | 'student' | 'stackers'>,
  members: readonly PredictingMember[],
  stackers: ReadonlyMap<StackerKind, Stacker>,
  images: RunImages,
  student?: PredictingMember | undefined,
  texts: Readonly<Record<string, string>> = {},
): Promise<void> {
  const whole: BundleManifest = bundleSchema.parse({
    schemaVersion: bundleSchemaVersion,
    ...manifest,
    members: members.map(describeMember),
    ...(student === undefined ? {} : { student: describeMember(student) }),
    stackers: [...stackers].map(([kind, stacker]) => ({ kind, state: stacker.toJSON() })),
  });
  const files = [...members, ...(student === undefined ? [] : [student])].flatMap(({ name, models }) =>
    models.map(({ weights, path }, index) => {
      const bytes: Uint8Array | ExistingFile = path === undefined ? weights : { path, content: weights };
      return [modelFile(name, index), bytes] as const;
    }),
  );
  await sealFolder(
    folder,
    {
      'bundle.json': JSON.stringify(whole, null, 2),
      'images.json': `${JSON.stringify(images)}\n`,
      ...Object.fromEntries(files),
      ...texts,
    },
    { replace: true },
  );
}

/**
 * Opens a bundle and verifies all checksums before it uses anything.
 *
 * @throws StorageError naming the file that is missing, damaged or outside the folder.
 */
export async function readBundle(folder: string): Promise<Bundle> {
  const files = await openSealedFolder(folder).catch(async (error: unknown) => {
    throw (await runFolderMistake(folder)) ?? error;
  });
  const content = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined)
      throw new StorageError(`${folder}: its SHA256SUMS does not list the required file ${name}.`);
    return bytes;
  };
  const json = upgraded(parseJson(content('bundle.json'), join(folder, 'bundle.json')), folder);
  const { data: manifest, mistakes } = checkValue(bundleSchema, json);
  if (mistakes !== undefined)
    throw new StorageError(`${folder}/bundle.json is not a bundle: ${mistakesLine(mistakes)}.`);
  const images = checkValue(runImagesSchema, parseJson(content('images.json'), join(folder, 'images.json')));
  if (images.mistakes !== undefined)
    throw new StorageError(`${folder}/images.json does not list a run's images: ${mistakesLine(images.mistakes)}.`);
  const read = ({ name, models }: BundleManifest['members'][number]): PredictingMember => ({
    name,
    models: models.map(({ file, model }) => ({ manifest: model, weights: content(file), path: join(folder, file) })),
  });
  return {
    manifest,
    members: manifest.members.map(read),
    student: manifest.student && read(manifest.student),
    stackers: new Map(manifest.stackers.map(({ kind, state }) => [kind, stackerFromJson(state)])),
    images: images.data,
  };
}

/**
 * A bundle's student as a bundle of a single member, without thresholds and calibration, since there are no out-of-fold predictions of the student.
 *
 * @throws ConfigError when the bundle has no student.
 */
export function studentBundle({ manifest, student, images }: Bundle): Bundle {
  if (student === undefined || manifest.student === undefined)
    throw new ConfigError(
      `Expected a bundle with a student, received one without (${manifest.name}); train with a student, such as --set student.backbone=mobilenet-v2 --set stacking.kind=kfold.`,
    );
  const single = singleMemberManifest(manifest, manifest.student);
  return {
    manifest: single,
    members: [student],
    stackers: new Map(single.stackers.map(({ kind, state }) => [kind, stackerFromJson(state)])),
    student,
    images,
  };
}

// --- internal ---

function describeMember({ name, models }: PredictingMember): BundleManifest['members'][number] {
  return {
    name,
    models: models.map(({ manifest }, index) => ({ file: modelFile(name, index), model: manifest })),
  };
}

/** The error for a run folder given instead of its bundle; undefined for any other folder. */
async function runFolderMistake(folder: string): Promise<StorageError | undefined> {
  const has = (...names: string[]) =>
    lstat(join(folder, ...names)).then(
      () => true,
      () => false,
    );
  if (!(await has('experiment.json')) || (await has('SHA256SUMS'))) return undefined;
  const bundle = join(folder, 'bundle');
  return (await has('bundle', 'SHA256SUMS'))
    ? new StorageError(`Expected a bundle at ${folder}, received a run folder; did you mean ${bundle}?`)
    : new StorageError(`Expected a bundle at ${folder}, received a run folder without one: the run has not finished.`);
}

/** @throws StorageError naming the file, for a version that this one cannot read. */
function upgraded(json: unknown, folder: string): unknown {
  try {
    return upgradeBundleManifest(json);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new StorageError(`${folder}/bundle.json ${error.message}`, { cause: error });
  }
}
