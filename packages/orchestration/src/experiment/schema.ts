/**
 * The experiment: everything that determines a run's outcome, in one typed object. All defaults are defined here; unknown
 * keys are refused. `experiment.schema.json` contains the descriptions, for editors.
 */
import { isDeepStrictEqual } from 'node:util';
import { duplicatePolicies, folderLayouts, isColor } from '@chorus/data';
import {
  type BackboneSpec,
  backboneFamilies,
  checkBackboneSpec,
  logitStackerKinds,
  ModelError,
  stackerKinds,
  stackerOptionSchemas,
  type VariantChoice,
} from '@chorus/models';
import { precisions } from '@chorus/training';
import { z } from 'zod';
import { augmentationSchema } from './augmentation.ts';
import { cachedCopiesMistake, cachedCopiesSchema } from './cached-copies.ts';
import { calibrationSettingSchema } from './calibration.ts';
import { flawsSchema } from './flaws.ts';
import { imbalanceSchema } from './imbalance.ts';
import { limitsMembers, memberLimits } from './member-limits.ts';
import { optimizerSchema } from './optimizer.ts';
import { scheduleSchema } from './schedule.ts';
import { soupSchema } from './soup.ts';
import { distillationKeys, studentName } from './student.ts';
import { testTimeAugmentationChoiceSchema } from './test-time-augmentation.ts';
import { timeBudgetSchema } from './time-budget.ts';
import { unfreezeMistake, unfreezeSchema } from './unfreeze.ts';

const deviceName = z
  .string()
  .regex(/^(cpu|gpu):(0|[1-9][0-9]?)$/, 'expected a device such as "gpu:0" or "cpu:1"')
  .transform((name) => name as `cpu:${number}` | `gpu:${number}`);

const share = z.number().gt(0).lt(1);
const learningRate = z.number().positive().max(1);
const epochCount = z.int().min(1).max(10_000);
const patience = z.int().min(1).max(10_000);

/** For stages that train several blocks. */
const layerDecay = z
  .number()
  .gt(0)
  .max(1)
  .default(1)
  .describe(
    "Factor of the learning rate per block: the head learns at `learningRate`, the backbone's last block at `learningRate × layerDecay`, the block before it at `learningRate × layerDecay²`.",
  );

/** Settings that every stage has; the defaults differ. */
const stageSettings = (defaults: { epochCount: number; learningRate: number; patience: number }) => ({
  epochCount: epochCount
    .default(defaults.epochCount)
    .describe('Maximum number of epochs of this stage; `patience` may end it earlier.'),
  learningRate: learningRate
    .default(defaults.learningRate)
    .describe('Learning rate of the optimizer: with a `schedule`, the highest one.'),
  schedule: scheduleSchema
    .prefault({ kind: 'constant' })
    .describe(
      'How the learning rate changes during the stage; its length is `epochCount`, even if the stage ends earlier.',
    ),
  optimizer: optimizerSchema.prefault({ kind: 'adam' }).describe('How gradients change the weights.'),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe(
      'Decoupled weight decay (AdamW): each step also shrinks the kernels by `learningRate × weightDecay`; biases and BatchNorm do not decay.',
    ),
  clipNorm: z
    .number()
    // The number is a float32 in the training step.
    .min(1e-6)
    .max(1e6)
    .nullable()
    .default(null)
    .describe(
      'Largest norm of the gradients of all weights together; larger ones are scaled down to it. `null`: no limit.',
    ),
  emaMomentum: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(null)
    .describe(
      'Evaluate and keep exponential moving averages of the weights, such as 0.99: the share of the average that each step keeps. `null`: the weights themselves.',
    ),
  patience: patience
    .default(defaults.patience)
    .describe('Number of epochs without a lower loss on the tuning images after which the stage ends.'),
  soup: soupSchema,
});

const recipe = z.strictObject({
  batchSize: z.int().min(1).max(4096).default(32).describe('Images per training step.'),
  microBatchSize: z
    .int()
    .min(1)
    .max(4096)
    .nullable()
    .default(null)
    .describe(
      'Images that a training step processes at once, for batches that are larger than the memory allows: gradients are summed over several passes, and each pass has its own BatchNorm statistics. `null`: all images of the batch.',
    ),
  augmentation: augmentationSchema
    .default('flip')
    .describe(
      'Random changes of the training images: `none`, `flip` (horizontal flips), `light`, `medium` or `heavy` (also crops, rotations and colors), or their settings. Stages with frozen layers, whose outputs are computed once, only flip, unless there are `cachedCopies`.',
    ),
  cachedCopies: cachedCopiesSchema,
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Fraction of the pooled features that dropout sets to zero while training.'),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Fraction of each label that is spread evenly over all classes.'),
  imbalance: imbalanceSchema
    .default('auto')
    .describe(
      'What to do about classes of unequal size: `none`, `class-weights`, `balanced-sampling`, `focal`, `logit-adjustment`, or the settings of the last two. All but `none` make every class count equally. `auto` does so if the largest class has more than 3 times as many training images as the smallest.',
    ),
  head: z
    .strictObject({
      ...stageSettings({ epochCount: 100, learningRate: 1e-3, patience: 10 }),
    })
    .prefault({})
    .describe('First stage with pre-trained weights: trains only the head, on features that are computed once.'),
  fineTune: z
    .strictObject({
      lastLayers: z
        .union([z.int().min(0), z.literal('all')])
        .default('all')
        .describe("How many of the backbone's last layers train, or `all`; 0 leaves the backbone frozen."),
      unfreeze: unfreezeSchema,
      ...stageSettings({ epochCount: 8, learningRate: 1e-5, patience: 3 }),
      layerDecay,
    })
    .prefault({})
    .describe('Second stage with pre-trained weights: trains the last layers, or all, at a lower learning rate.'),
  whole: z
    .strictObject({
      ...stageSettings({ epochCount: 30, learningRate: 1e-3, patience: 8 }),
      layerDecay,
    })
    .prefault({})
    .describe(
      'The only stage with random weights (or with `flaws.wholeFromStart`): trains all layers from the first step.',
    ),
});

/** Also used as a folder name. */
export const memberNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, ".", "_" or "-" (at most 64)');

const member = z.strictObject({
  name: memberNameSchema.describe('Name of the member in reports and folders.'),
  backbone: z.enum(backboneFamilies).describe('Architecture of the member, pre-trained on ImageNet.'),
  alpha: z
    .number()
    .positive()
    .default(1)
    .describe('Width multiplier of the MobileNets; the other backbones have only 1.'),
  variant: z.string().min(1).max(100).optional().describe('Variant of the backbone by its name, in place of `alpha`.'),
  inputSize: z
    .int()
    .min(32)
    .max(1024)
    .optional()
    .describe("Side of this member's images in pixels, if it differs from the experiment's `inputSize`."),
  worker: z
    .int()
    .min(0)
    .optional()
    .describe('Index into `workers`, from 0, of the worker that trains this member; by default any.'),
});

const student = z.strictObject({
  ...member.pick({ backbone: true, alpha: true, variant: true, inputSize: true }).shape,
  ...distillationKeys,
  recipe: recipe
    .optional()
    .describe("How the student is trained; keys that are not set here are those of the experiment's `recipe`."),
});

const worker = z.strictObject({
  device: deviceName.describe('A device such as `gpu:0` or `cpu:1`; `chorus devices` lists them.'),
  memoryLimitMiB: z.int().min(256).optional().describe('Maximum memory that TensorFlow allocates on this GPU, in MiB.'),
});

/** The source of the predictions that the stackers are trained on. */
const stackingSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('holdout').describe('Stackers train on a share of the images that no member trains on.'),
      fraction: share.default(0.1).describe('Share of the images held out for the stackers.'),
    }),
    z.strictObject({
      kind: z
        .literal('kfold')
        .describe(
          'Stackers train on all training images: each member is trained once per fold and predicts that fold.',
        ),
      folds: z.int().min(2).max(20).default(5).describe('Number of folds.'),
      members: z
        .enum(['refit', 'average'])
        .default('refit')
        .describe(
          "The bundle's members: trained once more on all images (`refit`), or the mean of the folds' models (`average`).",
        ),
    }),
    z.strictObject({
      kind: z
        .literal('training-images')
        .describe(
          "A flaw: stackers train on the members' own training images, on which their predictions are too accurate.",
        ),
    }),
  ],
  {
    error: 'expected { kind: "holdout", fraction }, { kind: "kfold", folds, members } or { kind: "training-images" }',
  },
);

export const workersSchema = z.union([z.literal('auto'), z.array(worker).min(1).max(64)]);

export const runtimeSchema = z.strictObject({
  logicalCpuDevices: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe('Number of logical devices, cpu:0 … cpu:N-1, that TensorFlow creates for this CPU.'),
  intraOpThreads: z.int().min(1).max(1024).optional().describe("Threads of each lane's CPU operations."),
  compile: z
    .boolean()
    .default(true)
    .describe(
      'Run each training step and prediction as one compiled operation; otherwise both are slower and take more memory.',
    ),
  forward: z
    .enum(['auto', 'onnxruntime', 'tensorflow'])
    .default('auto')
    .describe(
      'What computes forward passes of fixed weights on the CPU: features of frozen layers, and predictions. `auto` uses onnxruntime wherever it runs. The numbers agree within rounding; GPUs always use TensorFlow.',
    ),
  featureCache: z
    .boolean()
    .default(true)
    .describe(
      'Keep features of frozen backbones in the cache folder, and read them in later runs with the same weights, images and settings.',
    ),
  precision: z
    .enum(['auto', ...precisions])
    .default('auto')
    .describe(
      'Number format of compiled training steps; weights and predictions are always float32. `auto` uses bfloat16 for the backbones that train faster in it on this CPU, and float32 otherwise.',
    ),
});

export const experimentSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, ".", "_" or "-" (at most 64)')
      .default('chorus')
      .describe('Name of the run folder and the bundle.'),
    seed: z
      .int()
      .min(0)
      .max(0xffffffff)
      .default(0)
      .describe('Seed of the split, the order of the images, their augmentation and random weights.'),
    data: z
      .strictObject({
        source: z
          .string()
          .min(1)
          .default('shapes')
          .describe(
            'A folder of images (`<split>/<class>/*` or `<class>/*`), `shapes` (drawn by Chorus), or `cats-and-dogs` (3,000 photographs, downloaded once).',
          ),
        layout: z
          .enum(folderLayouts)
          .default('auto')
          .describe(
            'What the top folders are: `splits` or `classes`; `auto` decides by their names and refuses ambiguous ones.',
          ),
        followLinks: z.boolean().default(false).describe('Also follow links that lead out of the folder.'),
        limitPerClass: z
          .int()
          .min(1)
          .optional()
          .describe('Maximum number of images per class and split folder; uses the first ones by name.'),
        maxPixels: z
          .int()
          .min(1)
          .default(100_000_000)
          .describe('Maximum number of pixels, in the header and once decoded; larger images are skipped.'),
        background: z
          .string()
          .refine(isColor, 'expected a color such as "white" or "#ffffff"')
          .default('white')
          .describe('CSS background color of transparent pixels.'),
        shrinkOnLoad: z
          .boolean()
          .default(false)
          .describe(
            'Let the decoder scale JPEGs whose sides are at least 8 times the largest input size: faster, with slightly different pixels.',
          ),
        timeoutMs: z
          .int()
          .min(100)
          .default(10_000)
          .describe('Maximum time to decode an image, in milliseconds; slower images are skipped.'),
        exclude: z
          .string()
          .min(1)
          .optional()
          .describe(
            'A file that lists images to leave out: one path per line, relative to the data folder, with `#` comments, or a CSV table with a column `path`, such as `label-issues.csv` of a run. The other images stay in their sets.',
          ),
        duplicates: z
          .enum(duplicatePolicies)
          .default('group')
          .describe(
            "What to do with duplicate images (equal bytes, re-encoded or resized): `report` only lists them, `group` keeps them in the same set of every split, `drop` keeps one of them (none if their labels differ). The user's own test folder is never changed.",
          ),
      })
      .prefault({})
      .describe('The images, and how to read them.'),
    inputSize: z
      .int()
      .min(32)
      .max(1024)
      .default(160)
      .describe('Side in pixels of the square that every image is resized to.'),
    split: z
      .strictObject({
        tune: share.default(0.1).describe('Share of the images used for early stopping.'),
        test: share.default(0.2).describe('Share of the images for the test, if the data has no test folder.'),
      })
      .prefault({})
      .describe('Shares of the images that members do not train on.'),
    weights: z
      .string()
      .min(1)
      .default('auto')
      .describe(
        'Initial weights: a folder of weight files under their published names (`.h5` of keras-applications, `.safetensors` of timm), `imagenet` (the published files, downloaded once), `auto` (the folder in CHORUS_WEIGHTS if set, else `imagenet`) or `random`.',
      ),
    members: z.array(member).min(2).max(32).describe('The models of the ensemble.'),
    recipe: recipe.prefault({}).describe('How each member is trained.'),
    testTimeAugmentation: testTimeAugmentationChoiceSchema,
    stacking: stackingSchema
      .prefault({ kind: 'holdout' })
      .describe('Which predictions of the members the stackers are trained on.'),
    stackers: z
      .strictObject({
        kinds: z
          .array(z.enum(stackerKinds))
          .min(1)
          .default([...logitStackerKinds])
          .describe(
            'Stackers to fit; the one with the lowest out-of-fold log loss is chosen. `features` reads pooled features, so it needs members with frozen backbones.',
          ),
        ...stackerOptionSchemas,
      })
      .prefault({})
      .describe("The small models that combine the members' predictions."),
    student: student
      .nullable()
      .default(null)
      .describe(
        'One small model, such as `{ backbone: "mobilenet-v2" }`, that learns from the out-of-fold probabilities of the ensemble (knowledge distillation); needs `stacking` of kind `kfold`. `null`: none.',
      ),
    calibration: calibrationSettingSchema,
    flaws: flawsSchema.prefault({}).describe('Flaws of the published procedure, to reproduce it; all off by default.'),
    workers: workersSchema
      .default('auto')
      .describe('Devices, one lane each; `auto` uses every GPU or, without a GPU, a suitable number of CPU lanes.'),
    runtime: runtimeSchema.prefault({}).describe('How TensorFlow runs.'),
    timeBudgetSeconds: timeBudgetSchema,
    minMembers: z.int().min(2).default(2).describe('The run fails if fewer members finish their training.'),
    ...memberLimits,
  })
  .superRefine((experiment, context) => {
    const { split, stacking } = experiment;
    const kept = 1 - split.tune - split.test - (stacking.kind === 'holdout' ? stacking.fraction : 0);
    if (kept < 0.05)
      context.addIssue({
        code: 'custom',
        path: ['split'],
        message: `tune, test and stacking.fraction must leave at least 5 % for training, received ${JSON.stringify({ ...split, stacking })}`,
      });
    if (stacking.kind === 'training-images' && !['auto', 'none'].includes(experiment.calibration))
      context.addIssue({
        code: 'custom',
        path: ['calibration'],
        message: 'expected "none" or "auto", because stacking of kind "training-images" leaves no image to fit it on',
      });
    if (stacking.kind === 'training-images' && experiment.testTimeAugmentation === 'auto')
      context.addIssue({
        code: 'custom',
        path: ['testTimeAugmentation'],
        message:
          'expected another value than "auto", because stacking of kind "training-images" leaves no image to choose by',
      });
    const { batchSize, microBatchSize } = experiment.recipe;
    if (microBatchSize !== null && microBatchSize > batchSize)
      context.addIssue({
        code: 'custom',
        path: ['recipe', 'microBatchSize'],
        message: `expected at most ${batchSize}, the value of batchSize`,
      });
    for (const [path, message] of [
      [['recipe', 'cachedCopies'], cachedCopiesMistake(experiment.recipe)],
      [['recipe', 'fineTune', 'unfreeze'], unfreezeMistake(experiment.recipe.fineTune)],
    ] as const)
      if (message !== undefined) context.addIssue({ code: 'custom', path: [...path], message });
    for (const issue of studentIssues(experiment)) context.addIssue({ code: 'custom', ...issue });
    const { kinds } = experiment.stackers;
    for (const [index, kind] of kinds.entries())
      if (kinds.indexOf(kind) !== index)
        context.addIssue({ code: 'custom', path: ['stackers', 'kinds', index], message: `"${kind}" is already taken` });
    if (experiment.timeBudgetSeconds !== undefined && experiment.recipe.fineTune.unfreeze === 'gradual')
      context.addIssue({
        code: 'custom',
        path: ['recipe', 'fineTune', 'unfreeze'],
        message: 'expected "at-once" with a time budget, which chooses how many epochs all layers train',
      });
    if (kinds.every((kind) => !logitStackerKinds.includes(kind)))
      context.addIssue({
        code: 'custom',
        path: ['stackers', 'kinds'],
        message:
          'expected another stacker, such as "mean", beside "features", which is left out if no member has a frozen backbone',
      });
    for (const [index, one] of experiment.members.entries()) {
      const path = ['members', index];
      const wrong = backboneMistake(one, experiment.inputSize);
      if (wrong !== undefined) context.addIssue({ code: 'custom', path: [...path, 'backbone'], message: wrong });
      if (experiment.members.findIndex((other) => other.name === one.name) !== index)
        context.addIssue({ code: 'custom', path: [...path, 'name'], message: `"${one.name}" is already taken` });
      if (stackerKinds.some((kind) => kind === one.name))
        context.addIssue({
          code: 'custom',
          path: [...path, 'name'],
          message: `"${one.name}" is a stacker; both have columns in predictions.csv, so choose another name`,
        });
      if (one.worker !== undefined && Array.isArray(experiment.workers) && one.worker >= experiment.workers.length)
        context.addIssue({
          code: 'custom',
          path: [...path, 'worker'],
          message: `expected an entry of workers (0 to ${experiment.workers.length - 1}), received ${one.worker}`,
        });
    }
    if (experiment.data.shrinkOnLoad && experiment.flaws.aliasedResize)
      context.addIssue({
        code: 'custom',
        path: ['data', 'shrinkOnLoad'],
        message: 'expected false with flaws.aliasedResize, because a decoder that scales averages pixels',
      });
    if (experiment.minMembers > experiment.members.length)
      context.addIssue({
        code: 'custom',
        path: ['minMembers'],
        message: `expected at most ${experiment.members.length}, the number of members, received ${experiment.minMembers}`,
      });
    if (experiment.maxMembers !== undefined && experiment.maxMembers < experiment.minMembers)
      context.addIssue({
        code: 'custom',
        path: ['maxMembers'],
        message: `expected at least ${experiment.minMembers}, the value of minMembers`,
      });
    if (stacking.kind === 'training-images' && limitsMembers(experiment))
      context.addIssue({
        code: 'custom',
        path: [experiment.maxMembers === undefined ? 'maxMegabytes' : 'maxMembers'],
        message: 'expected nothing, because stacking of kind "training-images" leaves no image to select members on',
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

/** A complete, validated experiment. */
export type Experiment = z.output<typeof experimentSchema>;
/** A user's input: everything except the members has a default. */
export type ExperimentInput = z.input<typeof experimentSchema>;
export type MemberSpec = Experiment['members'][number];

/** Side of a member's images in pixels. */
function inputSizeOf(member: Pick<MemberSpec, 'inputSize'>, experiment: Pick<Experiment, 'inputSize'>): number {
  return member.inputSize ?? experiment.inputSize;
}

export type StudentSpec = NonNullable<Experiment['student']>;
/** The parts of an experiment that determine its models; without `student`, there is none. */
type Models = Pick<Experiment, 'members'> & Partial<Pick<Experiment, 'student'>>;

/** All models that a run trains: the members and, last, the student. */
export function modelsOf({ members, student }: Models): MemberSpec[] {
  return student ? [...members, studentAsMember(student)] : members;
}

/** The student as a member. */
export function studentAsMember({ backbone, alpha, variant, inputSize }: StudentSpec): MemberSpec {
  return { name: studentName, ...{ backbone, alpha, variant, inputSize } };
}

/** The distinct input sizes of the members and the student, ascending. */
export function inputSizesOf(experiment: Models & Pick<Experiment, 'inputSize'>): number[] {
  return [...new Set(modelsOf(experiment).map((member) => inputSizeOf(member, experiment)))].toSorted((a, b) => a - b);
}

/** Pixels in the images of one training step of the member with the largest images. */
export function stepPixelsOf(experiment: Models & Pick<Experiment, 'inputSize' | 'recipe'>): number {
  return experiment.recipe.batchSize * inputSizesOf(experiment).at(-1)! ** 2;
}

/** A member's architecture. */
export function backboneSpecOf(
  member: Pick<MemberSpec, 'backbone' | 'alpha' | 'variant' | 'inputSize'>,
  experiment: Pick<Experiment, 'inputSize'>,
): BackboneSpec {
  return { ...variantChoiceOf(member), inputSize: inputSizeOf(member, experiment) };
}

/** A member's backbone variant, regardless of the input size. */
export function variantChoiceOf({
  backbone: family,
  alpha,
  variant,
}: Pick<MemberSpec, 'backbone' | 'alpha' | 'variant'>): VariantChoice {
  if (variant === undefined) return { family, alpha };
  // An alpha of 1, the default, does not conflict with a variant.
  return alpha === 1 ? { family, variant } : { family, variant, alpha };
}

// --- internal ---

function backboneMistake(member: Parameters<typeof backboneSpecOf>[0], inputSize: number): string | undefined {
  try {
    checkBackboneSpec(backboneSpecOf(member, { inputSize }));
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}

/** What is wrong with the student. */
function studentIssues({
  student,
  stacking,
  members,
  inputSize,
  recipe,
}: Pick<Experiment, 'student' | 'stacking' | 'members' | 'inputSize' | 'recipe'>): {
  path: PropertyKey[];
  message: string;
}[] {
  if (student === null) return [];
  const at = (path: PropertyKey[], message: string | undefined) => (message === undefined ? [] : [{ path, message }]);
  const { batchSize, microBatchSize } = student.recipe ?? { batchSize: 0, microBatchSize: null };
  const namesake = members.findIndex(({ name }) => name === studentName);
  return [
    ...at(['student', 'backbone'], backboneMistake(student, inputSize)),
    ...at(
      ['stacking', 'kind'],
      stacking.kind === 'kfold'
        ? undefined
        : 'expected "kfold" with a student, which learns from out-of-fold predictions for all training images',
    ),
    ...at(
      ['student', 'recipe', 'microBatchSize'],
      microBatchSize !== null && microBatchSize > batchSize
        ? `expected at most ${batchSize}, the value of batchSize`
        : undefined,
    ),
    ...at(
      ['student', 'recipe', 'imbalance'],
      student.recipe === undefined || isDeepStrictEqual(student.recipe.imbalance, recipe.imbalance)
        ? undefined
        : `expected ${JSON.stringify(recipe.imbalance)}, the value of recipe.imbalance, which the ensemble's probabilities follow`,
    ),
    ...at(['members', namesake, 'name'], namesake === -1 ? undefined : `"${studentName}" is the name of the student`),
  ];
}
