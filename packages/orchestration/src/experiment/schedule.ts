/** Learning rate schedules of an experiment's stages; `learningRateAt` of `@chorus/training` defines the rate of each step. */
import { z } from 'zod';

const warmUp = z.number().min(0).lt(1);
const factor = z.number().min(0).max(1);
const positiveFactor = z.number().gt(0).max(1);

export const scheduleSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('constant').describe('The rate is `learningRate` in every step.'),
    }),
    z.strictObject({
      kind: z
        .literal('cosine')
        .describe(
          'The rate rises linearly to `learningRate`, then falls along half a cosine until the end of the stage.',
        ),
      warmUp: warmUp.default(0.1).describe('Share of the steps in which the rate rises.'),
      endFactor: factor.default(0).describe('The rate at the end, as a fraction of `learningRate`.'),
    }),
    z.strictObject({
      kind: z
        .literal('one-cycle')
        .describe("The rate rises and falls along half a cosine each, as in PyTorch's OneCycleLR and fastai."),
      warmUp: warmUp.default(0.3).describe('Share of the steps in which the rate rises.'),
      startFactor: positiveFactor
        .default(0.04)
        .describe('The rate of the first step, as a fraction of `learningRate`.'),
      endFactor: factor.default(4e-6).describe('The rate of the last step, as a fraction of `learningRate`.'),
    }),
    z.strictObject({
      kind: z.literal('exponential').describe('The rate falls in every step, by the same factor in each epoch.'),
      factorPerEpoch: positiveFactor.default(0.9).describe('Factor by which the rate falls in each epoch.'),
    }),
    z.strictObject({
      kind: z.literal('step').describe('The rate falls every few epochs.'),
      factor: positiveFactor.default(0.1).describe('Factor by which the rate falls.'),
      everyEpochs: z.int().min(1).max(10_000).default(10).describe('Number of epochs after which the rate falls.'),
    }),
  ],
  {
    error: 'expected { kind: "constant" }, "cosine", "one-cycle", "exponential" or "step", each with its own settings',
  },
);

/** A learning rate schedule, complete. */
export type Schedule = z.output<typeof scheduleSchema>;
