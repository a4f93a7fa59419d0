/** What `chorus check` finds; `check.schema.json` beside the package's manifest is made from it. */
import { z } from 'zod';
import { adviceCodes } from '../errors.ts';
import { skippedSchema } from '../report/schema.ts';

const count = z.int().min(0);
const bytes = z.int().min(0);
/** [width, height], pixels, upright. */
const dimensions = z.tuple([z.int().min(1), z.int().min(1)]);

const classSchema = z.strictObject({
  name: z.string(),
  /** Images listed, and those of them that can be used. */
  found: count,
  usable: count,
  /** Of the usable ones; null where no split could be drawn. */
  training: count.nullable(),
  test: count.nullable(),
});

const datasetSectionSchema = z.strictObject({
  name: z.string(),
  root: z.string(),
  /** How the folder was read: split folders with class folders in them, or class folders alone. */
  layout: z.enum(['splits', 'classes']),
  /** Images found per role of the split folders; empty for class folders alone. */
  roles: z.array(z.strictObject({ role: z.enum(['train', 'tune', 'test']), found: count })),
  found: count,
  usable: count,
  classes: z.array(classSchema),
  /** Images of the first training of a member (of the others too, give or take one); null where no split could be drawn. */
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
  /** Usable images per format. */
  formats: z.record(z.string(), count),
  /** Of the usable images by their number of pixels; null where there is none. */
  dimensions: z
    .strictObject({
      smallest: dimensions,
      median: dimensions,
      largest: dimensions,
      /** Images whose shorter side is below the largest input size; they are enlarged. */
      belowInputSize: count,
      /** Images more than three times as long as they are wide, or the other way round; they are squeezed to a square. */
      elongated: count,
    })
    .nullable(),
  /** Everything that is not used, with its reason. */
  skipped: z.array(skippedSchema),
  /** Hidden entries and what operating systems leave. */
  hidden: count,
  /** What may surprise in the way the folder was read. */
  notices: z.array(z.string()),
  /** Pictures that the images have more than once, and how many copies of them `data.duplicates` leaves out. */
  copies: z.strictObject({ pictures: count, leftOut: count }),
  /** Pictures that lie in several sets of the split. */
  duplicates: z.array(z.strictObject({ paths: z.array(z.string()), splits: z.array(z.string()) })),
  /** Pictures under several labels. */
  contradictions: z.array(z.strictObject({ paths: z.array(z.string()), classes: z.array(z.string()) })),
});

/** What one preset would take with these images. */
const presetSchema = z.strictObject({
  preset: z.string(),
  /** The one that `train` would take. */
  chosen: z.boolean(),
  /** Why it cannot run; null where it can. */
  obstacle: z.string().nullable(),
  memoryBytes: bytes.nullable(),
  diskBytes: bytes.nullable(),
  /** Estimated wall time of the whole run, from its quickest end by early stopping to its slowest; null where it was not estimated. */
  seconds: z.tuple([z.number().min(0), z.number().min(0)]).nullable(),
});

export const checkReportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Of the command: 0, 4 when `train` would refuse the images, 2 when it would refuse anything else. */
  exitCode: z.union([z.literal(0), z.literal(2), z.literal(4)]),
  /** Each reason for which `train` would create nothing. */
  problems: z.array(
    z.strictObject({
      kind: z.enum(['data', 'configuration']),
      message: z.string(),
      /** What a command line can advise; null where the message says all. */
      advice: z
        .strictObject({ code: z.enum(adviceCodes), data: z.record(z.string(), z.string()).optional() })
        .nullable(),
    }),
  ),
  /** What `train` would accept, and what to expect of it. */
  warnings: z.array(z.string()),
  /** Null where no images were found. */
  dataset: datasetSectionSchema.nullable(),
  /** Where first weights come from. */
  weights: z.strictObject({
    source: z.string(),
    /** Files of the publisher that a run would download. */
    toDownload: z.array(z.string()),
  }),
  lanes: z.array(z.string()),
  memory: z.strictObject({ neededBytes: bytes.nullable(), availableBytes: bytes }),
  disk: z.strictObject({ place: z.string(), neededBytes: bytes.nullable(), freeBytes: bytes }),
  /** Wall time of decoding all images, just now. */
  decodeSeconds: z.number().min(0).nullable(),
  presets: z.array(presetSchema),
});

export type CheckReport = z.output<typeof checkReportSchema>;
export type DatasetSection = z.output<typeof datasetSectionSchema>;

/** JSON schema of what `chorus check --json` prints. */
export function checkJsonSchema(): object {
  return z.toJSONSchema(checkReportSchema, { target: 'draft-2020-12' });
}
