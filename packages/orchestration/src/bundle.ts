/** The bundle: a sealed folder with everything needed to classify images. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isColor, resizeMethods } from '@chorus/data';
import {
  calibrationSchema,
  checkValue,
  fitsClassCount,
  type MemberManifest,
  memberManifestSchema,
  mistakesLine,
  type Stacker,
  type StackerKind,
  stackerFromJson,
  stackerJsonSchema,
  stackerKinds,
  testTimeAugmentationSchema,
} from '@chorus/models';
import { type ExistingFile, openSealedFolder, parseJson, StorageError, sealFolder } from '@chorus/storage';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { memberNameSchema } from './experiment/member.ts';
import { modelFile, type PredictingMember } from './run/predict-members.ts';
import { type RunImages, runImagesSchema } from './run/run-images.ts';
import { thresholdsSchema } from './stacking/thresholds.ts';

/** The version that is written; {@link upgradeManifest} converts earlier ones. */
const schemaVersion = 4;

const bundleMember = z.strictObject({
  name: memberNameSchema,
  /** One model, or one per fold, whose logits are averaged. */
  models: z.array(z.strictObject({ file: z.string(), model: memberManifestSchema })).min(1),
});

const bundleSchema = z
  .strictObject({
    schemaVersion: z.literal(schemaVersion),
    name: z.string(),
    classes: z.array(z.string()).min(2),
    /** Decoding options. Images are turned upright and resized, uncropped, to a square of each backbone's input size. */
    decoding: z
      .strictObject({
        maxPixels: z.int(),
        timeoutMs: z.int(),
        background: z.string().refine(isColor, 'expected a color'),
        resize: z.enum(resizeMethods),
        /** Earlier bundles of this version do not have it. */
        shrinkOnLoad: z.boolean().default(false),
      })
      .refine(
        ({ shrinkOnLoad, resize }) => !shrinkOnLoad || resize === 'pillow',
        'shrinkOnLoad requires the resize method pillow',
      ),
    /** The views of an image whose logits the members average. */
    testTimeAugmentation: testTimeAugmentationSchema,
    demo: z.boolean(),
    /** Whether probabilities are those for equally frequent classes; bundles of earlier versions do not have it. */
    balancesClasses: z.boolean().default(false),
    members: z.array(bundleMember).min(1),
    /** A single model that learned from the ensemble, to use without the members; omitted if the run trained none. */
    student: bundleMember.optional(),
    chosen: z.enum(stackerKinds),
    /** Null if there are no out-of-fold predictions; bundles of earlier versions have none. */
    thresholds: thresholdsSchema.nullable().default(null),
    /** Of the chosen stacker's probabilities, to which the thresholds apply afterwards; null for none. Bundles of earlier versions have none. */
    calibration: calibrationSchema.nullable().default(null),
    stackers: z.array(z.strictObject({ kind: z.enum(stackerKinds), state: stackerJsonSchema })).min(1),
  })
  .refine(
    (bundle) => new Set(modelsIn(bundle).map(({ name }) => name)).size === modelsIn(bundle).length,
    'member names must differ',
  )
  .refine(
    ({ classes, ...bundle }) =>
      modelsIn(bundle).every(({ models }) => models.every(({ model }) => isDeepStrictEqual(model.classes, classes))),
    'every model must have the classes of the bundle',
  )
  .refine(
    (bundle) =>
      modelsIn(bundle).every(({ models }) => models.every(({ model }) => hasSameArchitecture(model, models[0]!.model))),
    'the models of a member must have the same backbone and preprocessing',
  )
  .refine(
    ({ stackers }) => stackers.every(({ kind, state }) => kind === state.kind),
    'the kind of a stacker must be that of its state',
  )
  .refine(
    ({ stackers }) => new Set(stackers.map(({ kind }) => kind)).size === stackers.length,
    'the kinds of stackers must differ',
  )
  .refine(
    ({ chosen, stackers }) => stackers.some(({ kind }) => kind === chosen),
    'the chosen stacker must be one of the stackers',
  )
  .refine(
    ({ members, classes, stackers }) =>
      stackers.every(({ state }) => state.memberCount === members.length && state.classCount === classes.length),
    'stackers must have the same number of members and classes as the bundle',
  )
  .refine(
    ({ calibration, classes }) => calibration === null || fitsClassCount(calibration, classes.length),
    'the calibration must have the same number of classes as the bundle',
  );

export type BundleManifest = z.output<typeof bundleSchema>;

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
 */
export async function writeBundle(
  folder: string,
  manifest: Omit<z.input<typeof bundleSchema>, 'schemaVersion' | 'members' | 'student' | 'stackers'>,
  members: readonly PredictingMember[],
  stackers: ReadonlyMap<StackerKind, Stacker>,
  images: RunImages,
  student?: PredictingMember | undefined,
): Promise<void> {
  const whole: BundleManifest = bundleSchema.parse({
    schemaVersion,
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
  const json = upgradeManifest(parseJson(content('bundle.json'), join(folder, 'bundle.json')));
  checkVersion(json, folder);
  const { data: manifest, mistakes } = checkValue(bundleSchema, json);
  if (mistakes !== undefined)
    throw new StorageError(`${folder}/bundle.json is not a bundle: ${mistakesLine(mistakes)}.`);
  const images = checkValue(runImagesSchema, parseJson(content('images.json'), join(folder, 'images.json')));
  if (images.mistakes !== undefined)
    throw new StorageError(`${folder}/images.json does not list a run's images: ${mistakesLine(images.mistakes)}.`);
  const read = ({ name, models }: z.output<typeof bundleMember>): PredictingMember => ({
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
  const { name, classes, decoding, testTimeAugmentation, demo, balancesClasses } = manifest;
  const mean = { kind: 'mean', memberCount: 1, classCount: classes.length } as const;
  return {
    manifest: {
      ...{ schemaVersion, name, classes, decoding, testTimeAugmentation, demo, balancesClasses },
      members: [manifest.student],
      ...{ chosen: 'mean', stackers: [{ kind: 'mean', state: mean }], thresholds: null, calibration: null },
    },
    members: [student],
    stackers: new Map([['mean', stackerFromJson(mean)]]),
    student,
    images,
  };
}

// --- internal ---

/** The members and the student. */
function modelsIn<Member>({ members, student }: { members: Member[]; student?: Member | undefined }): Member[] {
  return student === undefined ? members : [...members, student];
}

function describeMember({ name, models }: PredictingMember): z.output<typeof bundleMember> {
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

function hasSameArchitecture(one: MemberManifest, other: MemberManifest): boolean {
  return one.preprocessing === other.preprocessing && isDeepStrictEqual(one.backbone, other.backbone);
}

/** In version 3, `testTimeAugmentation` was called `mirror`; nothing else differs. */
function upgradeManifest(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || (json as { schemaVersion?: unknown }).schemaVersion !== 3)
    return json;
  const { mirror, ...rest } = json as Record<string, unknown>;
  return { ...rest, schemaVersion, testTimeAugmentation: mirror };
}

/** Reports an unsupported version before the schema would report its fields. */
function checkVersion(json: unknown, folder: string): void {
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version !== 'number' || version === schemaVersion) return;
  throw new StorageError(
    `${folder}/bundle.json has schemaVersion ${version}; this version of Chorus reads 3 and ${schemaVersion}. Use the version that wrote it, or train again.`,
  );
}
