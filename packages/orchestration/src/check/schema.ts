/** The result of `chorus check`. The package's `check.schema.json` is generated from this schema. */
import { z } from 'zod';
import { adviceCodes } from '../errors.ts';
import { dimensionsSchema, formatsSchema } from '../report/image-sizes-schema.ts';
import { skippedSchema } from '../report/schema.ts';

const count = z.int().min(0);
const bytes = z.int().min(0);

const classSchema = z.strictObject({
  name: z.string(),
  /** Listed images, and how many of them can be used. */
  found: count,
  usable: count,
  /** Usable images per set; null if no split could be drawn. */
  training: count.nullable(),
  test: count.nullable(),
});

const datasetSectionSchema = z.strictObject({
  name: z.string(),
  root: z.string(),
  /** How the folder was read: as split folders that contain class folders, or as class folders. */
  layout: z.enum(['splits', 'classes']),
  /** Images found per role of the split folders; empty for class folders. */
  roles: z.array(z.strictObject({ role: z.enum(['train', 'tune', 'test']), found: count })),
  found: count,
  usable: count,
  classes: z.array(classSchema),
  /** Images of a member's first training (its other trainings differ by at most one); null if no split could be drawn. */
  sets: z
    .strictObject({
      /** Trainings of each member. */
      trainingsPerMember: z.int().min(1),
      fit: count,
      tune: count,
      outOfFold: count,
      test: count,
    })
    .nullable(),
  formats: formatsSchema,
  dimensions: dimensionsSchema.nullable(),
  /** Every entry that is not used, with the reason. */
  skipped: z.array(skippedSchema),
  /** Number of hidden entries and operating systems' files. */
  hidden: count,
  /** Decisions in reading the folder that may surprise the user. */
  notices: z.array(z.string()),
  /** Pictures that occur more than once, and how many copies `data.duplicates` leaves out. */
  copies: z.strictObject({ pictures: count, leftOut: count }),
  /** Pictures that occur in several sets of the split. */
  duplicates: z.array(z.strictObject({ paths: z.array(z.string()), splits: z.array(z.string()) })),
  /** Pictures that occur under several labels. */
  contradictions: z.array(z.strictObject({ paths: z.array(z.string()), classes: z.array(z.string()) })),
});

/** Estimates for one preset with these images. */
const presetSchema = z.strictObject({
  preset: z.string(),
  /** Whether `train` would use it. */
  chosen: z.boolean(),
  /** Why it was chosen; null for others, and for an experiment with its own members. */
  reason: z.string().nullable(),
  /** Why it cannot run; null if it can. */
  obstacle: z.string().nullable(),
  memoryBytes: bytes.nullable(),
  diskBytes: bytes.nullable(),
  /** Estimated wall time of the whole run: [with the earliest early stopping, without]; null if not estimated. */
  seconds: z.tuple([z.number().min(0), z.number().min(0)]).nullable(),
});

export const checkReportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The command's exit code: 4 if `train` would refuse the images, 2 if it would refuse anything else, otherwise 0. */
  exitCode: z.union([z.literal(0), z.literal(2), z.literal(4)]),
  /** Every reason that would make `train` fail before it creates anything. */
  problems: z.array(
    z.strictObject({
      kind: z.enum(['data', 'configuration']),
      message: z.string(),
      /** Advice that a command line can give; null if the message suffices. */
      advice: z
        .strictObject({ code: z.enum(adviceCodes), data: z.record(z.string(), z.string()).optional() })
        .nullable(),
    }),
  ),
  /** Problems that `train` would accept, and their consequences. */
  warnings: z.array(z.string()),
  /** Null if no images were found. */
  dataset: datasetSectionSchema.nullable(),
  /** Source of the initial weights. */
  weights: z.strictObject({
    source: z.string(),
    /** Published files that a run would download. */
    toDownload: z.array(z.string()),
  }),
  lanes: z.array(z.string()),
  memory: z.strictObject({ neededBytes: bytes.nullable(), availableBytes: bytes }),
  disk: z.strictObject({ place: z.string(), neededBytes: bytes.nullable(), freeBytes: bytes }),
  /** Wall time of decoding all images during the check. */
  decodeSeconds: z.number().min(0).nullable(),
  presets: z.array(presetSchema),
});

export type CheckReport = z.output<typeof checkReportSchema>;
export type DatasetSection = z.output<typeof datasetSectionSchema>;

/** The JSON schema of the output of `chorus check --json`. */
export function checkJsonSchema(): object {
  return z.toJSONSchema(checkReportSchema, { target: 'draft-2020-12' });
}
