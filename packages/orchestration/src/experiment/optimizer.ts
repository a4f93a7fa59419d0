/** Optimizers of an experiment's stages. */
import { z } from 'zod';

export const optimizerSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('adam').describe("Adam with Keras' settings: β₁ 0.9, β₂ 0.999, ε 1e-7."),
    }),
    z.strictObject({
      kind: z
        .literal('sgd')
        .describe('Stochastic gradient descent with momentum; needs learning rates many times those of Adam.'),
      momentum: z.number().min(0).lt(1).default(0.9).describe('Share of the last change that each change keeps.'),
      nesterov: z.boolean().default(false).describe("Use Nesterov's momentum."),
    }),
  ],
  { error: 'expected { kind: "adam" } or { kind: "sgd", momentum, nesterov }' },
);

export type OptimizerSettings = z.output<typeof optimizerSchema>;
