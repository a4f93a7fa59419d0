/**
 * The experiment: everything that decides a run's outcome, in one typed object. Defaults live here and nowhere else;
 * unknown keys are refused. `experiment.schema.json` beside the package's manifest is made from it, for editors.
 */
import { duplicatePolicies, folderLayouts, isColor } from '@chorus/data';
import {
  type BackboneSpec,
  backboneFamilies,
  checkBackboneSpec,
  denseFitDefaults,
  ModelError,
  stackerKinds,
} from '@chorus/models';
import { precisions } from '@chorus/training';
import { z } from 'zod';
import { flawsSchema } from './flaws.ts';

const deviceName = z
  .string()
  .regex(/^(cpu|gpu):(0|[1-9][0-9]?)$/, 'expected a device such as "gpu:0" or "cpu:1"')
  .transform((name) => name as `cpu:${number}` | `gpu:${number}`);

const share = z.number().gt(0).lt(1);
const learningRate = z.number().positive().max(1);
const epochCount = z.int().min(1).max(10_000);
const patience = z.int().min(1).max(10_000);

const recipe = z.strictObject({
  /** Images a training step. */
  batchSize: z.int().min(1).max(4096).default(32),
  /** Mirror every other training image at random. */
  flip: z.boolean().default(true),
  /** Share of the pooled features dropped while training. */
  dropout: z.number().min(0).lt(1).default(0),
  /** Share of each label that is spread evenly over the classes. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** Pre-trained weights, step one: the head alone, on features computed once. */
  head: z
    .strictObject({
      epochCount: epochCount.default(100),
      learningRate: learningRate.default(1e-3),
      /** Decoupled (AdamW): each step also shrinks the kernel by `learningRate × weightDecay`. */
      weightDecay: z.number().min(0).max(10).default(0),
      patience: patience.default(10),
    })
    .prefault({}),
  /** Pre-trained weights, step two: the last layers (or all) at a lower rate. */
  fineTune: z
    .strictObject({
      /** How many of the backbone's last layers train; 0 leaves the backbone frozen. */
      lastLayers: z.union([z.int().min(0), z.literal('all')]).default('all'),
      epochCount: epochCount.default(8),
      learningRate: learningRate.default(1e-5),
      weightDecay: z.number().min(0).max(10).default(0),
      patience: patience.default(3),
    })
    .prefault({}),
  /** Random weights (or the flaw `wholeFromStart`): every layer trains from the first step. */
  whole: z
    .strictObject({
      epochCount: epochCount.default(30),
      learningRate: learningRate.default(1e-3),
      weightDecay: z.number().min(0).max(10).default(0),
      patience: patience.default(8),
    })
    .prefault({}),
});

/** It becomes the name of folders. */
export const memberNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, ".", "_" or "-" (at most 64)');

const member = z.strictObject({
  /** The member's own name in reports and folders. */
  name: memberNameSchema,
  backbone: z.enum(backboneFamilies),
  /** Width multiplier of the MobileNets. */
  alpha: z.number().positive().default(1),
  /** Side of this member's images, where it is not the experiment's. */
  inputSize: z.int().min(32).max(1024).optional(),
  /** Pins the member to this entry of `workers` (from 0). */
  worker: z.int().min(0).optional(),
});

const worker = z.strictObject({
  device: deviceName,
  /** Upper bound of what TensorFlow takes on this GPU. */
  memoryLimitMiB: z.int().min(256).optional(),
});

/** Where the images come from that the stackers learn from. */
const stackingSchema = z.discriminatedUnion(
  'kind',
  [
    /** A share of the images, which no member learns from. */
    z.strictObject({ kind: z.literal('holdout'), fraction: share.default(0.1) }),
    /**
     * All of them: each member is trained once per fold and answers on the fold that it has not seen. The bundle's
     * members are trained once more on everything (`refit`) or are the fold's models together (`average`).
     */
    z.strictObject({
      kind: z.literal('kfold'),
      folds: z.int().min(2).max(20).default(5),
      members: z.enum(['refit', 'average']).default('refit'),
    }),
    /** A flaw: the images that the members learnt from, on which they are better than they are. */
    z.strictObject({ kind: z.literal('training-images') }),
  ],
  {
    error: 'expected { kind: "holdout", fraction }, { kind: "kfold", folds, members } or { kind: "training-images" }',
  },
);

/** One lane each; `auto` takes every GPU or, without one, what is fastest on this CPU. */
export const workersSchema = z.union([z.literal('auto'), z.array(worker).min(1).max(64)]);

export const runtimeSchema = z.strictObject({
  /** Logical devices cpu:0 … cpu:N-1 that TensorFlow makes of this CPU. */
  logicalCpuDevices: z.int().min(1).max(64).optional(),
  /** Threads of one lane's CPU operations. */
  intraOpThreads: z.int().min(1).max(1024).optional(),
  /** Training steps and predictions as one op each; else op by op, which is slower and takes more memory. */
  compile: z.boolean().default(true),
  /**
   * What compiled training steps compute in; weights, and all that a model answers, are float32 in any case. `auto` is bfloat16
   * for the backbones that are faster in it, on CPUs that have it, else float32.
   */
  precision: z.enum(['auto', ...precisions]).default('auto'),
});

export const experimentSchema = z
  .strictObject({
    /** Names the run folder and the bundle. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, ".", "_" or "-" (at most 64)')
      .default('chorus'),
    /** Draws the split, the epoch order, the flips and fresh weights. */
    seed: z.int().min(0).max(0xffffffff).default(0),
    data: z
      .strictObject({
        /**
         * A folder of images (`<split>/<class>/*` or `<class>/*`), `shapes`, drawn by Chorus itself, or `cats-and-dogs`,
         * 3,000 photographs that are downloaded when they are not in the cache.
         */
        source: z.string().min(1).default('shapes'),
        /** What the top folders are: splits or classes; `auto` goes by their names and refuses what may be either. */
        layout: z.enum(folderLayouts).default('auto'),
        /** Also follows links that lead out of the folder. */
        followLinks: z.boolean().default(false),
        /** Only the first images by name of each class (and split folder). */
        limitPerClass: z.int().min(1).optional(),
        /** Images of which header or decoded size says more pixels are skipped. */
        maxPixels: z.int().min(1).default(100_000_000),
        /** Color behind transparent pixels, as CSS names it. */
        background: z.string().refine(isColor, 'expected a color such as "white" or "#ffffff"').default('white'),
        /** Images that take longer to decode are skipped. */
        timeoutMs: z.int().min(100).default(10_000),
        /**
         * Copies of one picture (equal bytes, encoded anew or resized) are only reported (`report`), fall on the same side of
         * every cut of the split (`group`), or are left out but for one (`drop`; all of them where their labels differ). The user's
         * own test folder stays whole.
         */
        duplicates: z.enum(duplicatePolicies).default('group'),
      })
      .prefault({}),
    /** Side of the square that every image is resized to. */
    inputSize: z.int().min(32).max(1024).default(160),
    /** Shares for early stopping and (where the data has no test folder) for the test. */
    split: z.strictObject({ tune: share.default(0.1), test: share.default(0.2) }).prefault({}),
    /**
     * A folder of keras-applications `.h5` files, `imagenet` (the published files, downloaded when they are not in the
     * cache), `auto` (the folder in CHORUS_WEIGHTS where it is set, else `imagenet`) or `random`.
     */
    weights: z.string().min(1).default('auto'),
    members: z.array(member).min(2).max(32),
    recipe: recipe.prefault({}),
    /** Members answer with the mean of an image and its mirror image: twice the time for a prediction, fewer errors. */
    testTimeAugmentation: z.boolean().default(true),
    /** See {@link stackingSchema}. */
    stacking: stackingSchema.prefault({ kind: 'holdout' }),
    stackers: z
      .strictObject({
        kinds: z
          .array(z.enum(stackerKinds))
          .min(1)
          .default([...stackerKinds]),
        /** Dense(10, relu) → Dense, the article's head. */
        dense: z
          .strictObject({
            epochCount: epochCount.default(denseFitDefaults.epochCount),
            /** Epochs without a lower loss on the rows set aside; null sets none aside and keeps the last epoch. */
            patience: patience.nullable().default(denseFitDefaults.patience),
          })
          .prefault({}),
      })
      .prefault({}),
    flaws: flawsSchema.prefault({}),
    /** See {@link workersSchema}. */
    workers: workersSchema.default('auto'),
    runtime: runtimeSchema.prefault({}),
    /** With fewer finished members there is no ensemble. */
    minMembers: z.int().min(2).default(2),
  })
  .superRefine((experiment, context) => {
    const { split, stacking } = experiment;
    const kept = 1 - split.tune - split.test - (stacking.kind === 'holdout' ? stacking.fraction : 0);
    if (kept < 0.05)
      context.addIssue({
        code: 'custom',
        path: ['split'],
        message: `tune, test and stacking.fraction must leave 5 % to fit, received ${JSON.stringify({ ...split, stacking })}`,
      });
    for (const [index, one] of experiment.members.entries()) {
      const path = ['members', index];
      const wrong = backboneMistake(one, experiment.inputSize);
      if (wrong !== undefined) context.addIssue({ code: 'custom', path: [...path, 'backbone'], message: wrong });
      if (experiment.members.findIndex((other) => other.name === one.name) !== index)
        context.addIssue({ code: 'custom', path: [...path, 'name'], message: `"${one.name}" is already taken` });
      if (one.worker !== undefined && Array.isArray(experiment.workers) && one.worker >= experiment.workers.length)
        context.addIssue({
          code: 'custom',
          path: [...path, 'worker'],
          message: `expected an entry of workers (0 to ${experiment.workers.length - 1}), received ${one.worker}`,
        });
    }
    if (experiment.minMembers > experiment.members.length)
      context.addIssue({
        code: 'custom',
        path: ['minMembers'],
        message: `expected at most the ${experiment.members.length} members there are, received ${experiment.minMembers}`,
      });
    if (experiment.workers === 'auto') return;
    for (const [index, one] of experiment.workers.entries()) {
      const path = ['workers', index];
      if (experiment.workers.findIndex((other) => other.device === one.device) !== index)
        context.addIssue({ code: 'custom', path: [...path, 'device'], message: `${one.device} is already taken` });
      if (one.memoryLimitMiB !== undefined && one.device.startsWith('cpu:'))
        context.addIssue({
          code: 'custom',
          path: [...path, 'memoryLimitMiB'],
          message: 'only a GPU has a memory limit; leave it out for a CPU device',
        });
    }
  });

/** A whole, checked experiment. */
export type Experiment = z.output<typeof experimentSchema>;
/** What a user may write: everything but the members has a default. */
export type ExperimentInput = z.input<typeof experimentSchema>;
export type MemberSpec = Experiment['members'][number];

/** Side of a member's images, pixels. */
function inputSizeOf(member: Pick<MemberSpec, 'inputSize'>, experiment: Pick<Experiment, 'inputSize'>): number {
  return member.inputSize ?? experiment.inputSize;
}

/** Every size that some member wants, ascending. */
export function inputSizesOf(experiment: Pick<Experiment, 'inputSize' | 'members'>): number[] {
  return [...new Set(experiment.members.map((member) => inputSizeOf(member, experiment)))].toSorted((a, b) => a - b);
}

/** Pixels of the images of one training step, of the member with the largest. */
export function stepPixelsOf(experiment: Pick<Experiment, 'inputSize' | 'members' | 'recipe'>): number {
  return experiment.recipe.batchSize * inputSizesOf(experiment).at(-1)! ** 2;
}

/** The architecture that a member is of. */
export function backboneSpecOf(
  member: Pick<MemberSpec, 'backbone' | 'alpha' | 'inputSize'>,
  experiment: Pick<Experiment, 'inputSize'>,
): BackboneSpec {
  return { family: member.backbone, alpha: member.alpha, inputSize: inputSizeOf(member, experiment) };
}

// --- internal ---

function backboneMistake(member: MemberSpec, inputSize: number): string | undefined {
  try {
    checkBackboneSpec(backboneSpecOf(member, { inputSize }));
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}
