/** Averages of the weights of a stage's best epochs. */
import { z } from 'zod';

export const soupSchema = z
  .int()
  .min(2)
  .max(32)
  .nullable()
  .default(null)
  .describe(
    'Keep a greedy soup in place of the best epoch: the average of the weights of up to this many of the best epochs, each of which is added unless the loss on the tuning images increases. `null`: keep the best epoch.',
  );
