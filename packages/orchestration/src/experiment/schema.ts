/**
 * The experiment: everything that determines a run's outcome, in one typed object. All defaults are defined here; unknown
 * keys are refused. `experiment.schema.json` contains the descriptions, for editors.
 */
import { duplicatePolicies, folderLayouts, isColor } from '@chorus/data';
import { largestDecoding, logitStackerKinds, stackerKinds, stackerOptionSchemas } from '@chorus/models';
import { precisions } from '@chorus/training';
import { z } from 'zod';
import { defaultWatchdogSeconds } from '../supervise/heartbeat.ts';
import { calibrationSettingSchema } from './calibration.ts';
import { conflictsIn } from './conflicts/conflicts.ts';
import { flawsSchema } from './flaws.ts';
import { inputSizeOf, type MemberSpec, memberSchema } from './member.ts';
import { memberLimits } from './member-limits.ts';
import { recipeSchema } from './recipe.ts';
import { stackingSchema } from './stacking.ts';
import { studentAsMember, studentSchema } from './student.ts';
import { testTimeAugmentationChoiceSchema } from './test-time-augmentation.ts';
import { timeBudgetSchema } from './time-budget.ts';
import { workersSchema } from './workers.ts';

const share = z.number().gt(0).lt(1);

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
  isolate: z
    .boolean()
    .default(false)
    .describe(
      'Run each lane in a process of its own, so that a crash or hang of one does not interrupt the others. The numbers are the same; it takes more memory.',
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
          .max(largestDecoding.maxPixels)
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
          .max(largestDecoding.timeoutMs)
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
    members: z.array(memberSchema).min(2).max(32).describe('The models of the ensemble.'),
    recipe: recipeSchema.prefault({}).describe('How each member is trained.'),
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
            'Stackers to fit; one is chosen by out-of-fold log loss. `features` reads pooled features, so it needs members with frozen backbones, and is a default only with `recipe.fineTune.lastLayers: 0`.',
          ),
        ...stackerOptionSchemas,
      })
      .prefault({})
      .describe("The small models that combine the members' predictions."),
    student: studentSchema
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
    checkpointMinutes: z
      .number()
      .min(0)
      .max(1440)
      .default(2)
      .describe(
        'Minutes between two checkpoints of a training, from which a resumed run continues; longer if they would take more than 2 % of the time. A stopped training is always saved.',
      ),
    watchdogSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(defaultWatchdogSeconds)
      .describe(
        'Seconds without progress of a lane or of the main thread after which `chorus train` kills the process and starts it again from its checkpoints; longer while batches are slow or something is prepared. `0`: never.',
      ),
    timeBudgetSeconds: timeBudgetSchema,
    minMembers: z.int().min(2).default(2).describe('The run fails if fewer members finish their training.'),
    ...memberLimits,
  })
  .superRefine((experiment, context) => {
    // A value that is invalid by itself would be reported twice.
    if (context.issues.length > 0) return;
    for (const conflict of conflictsIn(experiment)) context.addIssue({ code: 'custom', ...conflict });
  });

/** A complete, validated experiment. */
export type Experiment = z.output<typeof experimentSchema>;
/** A user's input: everything except the members has a default. */
export type ExperimentInput = z.input<typeof experimentSchema>;

/** The parts of an experiment that determine its models; without `student`, there is none. */
type Models = Pick<Experiment, 'members'> & Partial<Pick<Experiment, 'student'>>;

/** All models that a run trains: the members and, last, the student. */
export function modelsOf({ members, student }: Models): MemberSpec[] {
  return student ? [...members, studentAsMember(student)] : members;
}

/** The distinct input sizes of the members and the student, ascending. */
export function inputSizesOf(experiment: Models & Pick<Experiment, 'inputSize'>): number[] {
  return [...new Set(modelsOf(experiment).map((member) => inputSizeOf(member, experiment)))].toSorted((a, b) => a - b);
}

/** Pixels in the images of one training step of the member with the largest images. */
export function stepPixelsOf(experiment: Models & Pick<Experiment, 'inputSize' | 'recipe'>): number {
  return experiment.recipe.batchSize * inputSizesOf(experiment).at(-1)! ** 2;
}
