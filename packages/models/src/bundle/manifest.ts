/** A bundle's `bundle.json`: what is needed, beside the weights, to classify images. */
import { z } from 'zod';
import { checkBackboneSpec } from '../backbones/table.ts';
import { calibrationSchema, fitsClassCount } from '../calibration/calibration.ts';
import { ModelError } from '../errors.ts';
import { type MemberManifest, memberManifestSchema } from '../member/manifest.ts';
import { stackerJsonSchema, stackerKinds } from '../stackers/table.ts';
import { testTimeAugmentationSchema } from '../views/views.ts';

/** The version that is written; {@link upgradeBundleManifest} converts earlier ones. */
export const bundleSchemaVersion = 4;

/** A bundle may come from anyone: these bound what it can make a reader do with a hostile image. */
export const largestDecoding = { maxPixels: 500_000_000, timeoutMs: 600_000 } as const;

const text = z.string().max(1000);

const bundleMember = z.strictObject({
  name: text,
  /** One model, or one per fold, whose logits are averaged. */
  models: z
    .array(z.strictObject({ file: text, model: memberManifestSchema }))
    .min(1)
    .max(1000),
});

const share = z.number().min(0).max(1);

/** Thresholds of an ensemble's probabilities. All come from out-of-fold predictions. */
export const thresholdsSchema = z.strictObject({
  /** The smallest probability of a prediction to accept, so that accepted ones have an accuracy; null if no threshold reaches it on enough images. */
  answers: z.array(z.strictObject({ accuracy: share, threshold: share.nullable() })).max(1000),
  /** The smallest probability of a prediction to accept, so that this share of images like the training images is accepted. Earlier bundles have none. */
  shares: z
    .array(z.strictObject({ share, threshold: share }))
    .max(1000)
    .default([]),
  /** The smallest probability of a class in a prediction set, so that a share of the sets contains the true class. */
  sets: z.array(z.strictObject({ coverage: share, threshold: share })).max(1000),
});

export const bundleManifestSchema = z
  .strictObject({
    schemaVersion: z.literal(bundleSchemaVersion),
    name: text,
    classes: z.array(text).min(2).max(100_000),
    /** Decoding options. Images are turned upright and resized, uncropped, to a square of each backbone's input size. */
    decoding: z
      .strictObject({
        maxPixels: z.int().min(1).max(largestDecoding.maxPixels),
        timeoutMs: z.int().min(1).max(largestDecoding.timeoutMs),
        /** A CSS color, which the decoder checks. */
        background: text,
        resize: z.enum(['antialiased', 'pillow', 'opencv']),
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
    members: z.array(bundleMember).min(1).max(1000),
    /** A single model that learned from the ensemble, to use without the members; omitted if the run trained none. */
    student: bundleMember.optional(),
    chosen: z.enum(stackerKinds),
    /** Null if there are no out-of-fold predictions; bundles of earlier versions have none. */
    thresholds: thresholdsSchema.nullable().default(null),
    /** Of the chosen stacker's probabilities, to which the thresholds apply afterwards; null for none. Bundles of earlier versions have none. */
    calibration: calibrationSchema.nullable().default(null),
    stackers: z
      .array(z.strictObject({ kind: z.enum(stackerKinds), state: stackerJsonSchema }))
      .min(1)
      .max(stackerKinds.length),
  })
  .refine(
    (bundle) => new Set(modelsIn(bundle).map(({ name }) => name)).size === modelsIn(bundle).length,
    'member names must differ',
  )
  .refine((bundle) => {
    const files = modelsIn(bundle).flatMap(({ models }) => models.map(({ file }) => file));
    return new Set(files).size === files.length;
  }, 'the files of models must differ')
  .superRefine((bundle, context) => {
    for (const { name, models } of modelsIn(bundle)) {
      const mistake = backboneMistake(models[0]!.model);
      if (mistake !== undefined)
        context.addIssue({ code: 'custom', message: `member ${name}: ${mistake}`, params: { isComplete: true } });
    }
  })
  .refine(
    ({ classes, ...bundle }) =>
      modelsIn(bundle).every(({ models }) => models.every(({ model }) => isSame(model.classes, classes))),
    'every model must have the classes of the bundle',
  )
  .refine(
    (bundle) =>
      modelsIn(bundle).every(({ models }) => models.every(({ model }) => hasSameArchitecture(model, models[0]!.model))),
    'the models of a member must have the same backbone and preprocessing',
  )
  .refine(
    (bundle) =>
      new Set(modelsIn(bundle).flatMap(({ models }) => models.map(({ model }) => model.ranges === undefined))).size ===
      1,
    'either all models must have ranges, or none',
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

export type BundleManifest = z.output<typeof bundleManifestSchema>;

/**
 * Converts the JSON of an earlier version to the current one; returns any other value as it is. In version 3,
 * `testTimeAugmentation` was called `mirror`; nothing else differs.
 *
 * @throws ModelError for a version that this one cannot read.
 */
export function upgradeBundleManifest(json: unknown): unknown {
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (version === 3) {
    const { mirror, ...rest } = json as Record<string, unknown>;
    return { ...rest, schemaVersion: bundleSchemaVersion, testTimeAugmentation: mirror };
  }
  // Reported before the schema would report the fields of another version.
  if (typeof version === 'number' && version !== bundleSchemaVersion)
    throw new ModelError(
      `has schemaVersion ${version}; this version of Chorus reads 3 and ${bundleSchemaVersion}. Use the version that wrote it, or train again.`,
    );
  return json;
}

/**
 * Returns the manifest of a bundle whose only member is one of the given bundle, or its student: without thresholds and
 * calibration, which are those of the ensemble's probabilities.
 */
export function singleMemberManifest(
  { schemaVersion, name, classes, decoding, testTimeAugmentation, demo, balancesClasses }: BundleManifest,
  member: BundleManifest['members'][number],
): BundleManifest {
  const state = { kind: 'mean', memberCount: 1, classCount: classes.length } as const;
  return {
    ...{ schemaVersion, name, classes, decoding, testTimeAugmentation, demo, balancesClasses },
    members: [member],
    ...{ chosen: 'mean', stackers: [{ kind: 'mean', state }], thresholds: null, calibration: null },
  };
}

// --- internal ---

/** The members and the student. */
function modelsIn<Member>({ members, student }: { members: Member[]; student?: Member | undefined }): Member[] {
  return student === undefined ? members : [...members, student];
}

/** Why no model with this backbone can be built. */
function backboneMistake({ backbone }: MemberManifest): string | undefined {
  try {
    checkBackboneSpec(backbone);
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return error.message.replace(/\.$/, '');
  }
}

function hasSameArchitecture(one: MemberManifest, other: MemberManifest): boolean {
  const keys = ['family', 'variant', 'alpha', 'inputSize'] as const;
  return one.preprocessing === other.preprocessing && keys.every((key) => one.backbone[key] === other.backbone[key]);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
