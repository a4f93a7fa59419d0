/** How models are trained: each stage's settings, and those of all stages. */
import { z } from 'zod';
import { augmentationSchema } from './augmentation.ts';
import { cachedCopiesSchema } from './cached-copies.ts';
import { imbalanceSchema } from './imbalance.ts';
import { optimizerSchema } from './optimizer.ts';
import { scheduleSchema } from './schedule.ts';
import { soupSchema } from './soup.ts';
import { unfreezeSchema } from './unfreeze.ts';

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

export const recipeSchema = z.strictObject({
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

export type Recipe = z.output<typeof recipeSchema>;
