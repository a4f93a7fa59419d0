import { z } from 'zod';

export const timeBudgetSchema = z
  .number()
  .min(1)
  // A year.
  .max(366 * 24 * 3600)
  .optional()
  .describe(
    'Wall time of the whole run in seconds. The run chooses members, input sizes and epochs that fit, and ends in time with the best weights so far; its results then depend on the speed of the machine. Omitted: no budget.',
  );
