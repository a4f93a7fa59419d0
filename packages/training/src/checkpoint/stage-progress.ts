/** How far a stage came, as plain data. */
import { z } from 'zod';

const count = z.int().min(0);

export const stageProgressSchema = z.strictObject({
  /** The epoch of the next step; after the last epoch, the number of epochs. */
  epochIndex: count,
  /** The next step in it. */
  stepIndex: count,
  /** Sum of the losses of the epoch's images so far. */
  lossSum: z.number(),
  /** Their number. */
  imageCount: count,
  /** Time spent in the epoch in milliseconds. */
  epochMs: z.number(),
  /** Number of steps so far, without those before a retry that it does not continue from. */
  stepCount: count,
  /** Lowest loss on the tuning images; null before the first one. */
  bestLoss: z.number().nullable(),
  /** The epoch with that loss; null for the initial weights of the stage, and before the first epoch. */
  bestEpochIndex: count.nullable(),
  /** Number of epochs since that loss. */
  epochsSinceBest: count,
  /** Duration of the last whole epoch in milliseconds; 0 in the first. */
  lastEpochMs: z.number(),
  /** How the epochs ended; null until then. Afterwards, only a soup is missing. */
  end: z.strictObject({ epochCount: count, isCut: z.boolean() }).nullable(),
});

/** Progress of a stage. Its epoch is the running one: with moving averages of weights, they are not in place of the weights. */
export type StageProgress = z.output<typeof stageProgressSchema>;
