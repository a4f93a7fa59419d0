/** The section of the report about processes that ended unexpectedly. */
import { z } from 'zod';

export const restartSchema = z.strictObject({
  atMs: z.int().min(0).describe('When the process ended, in milliseconds since the Unix epoch.'),
  kind: z
    .enum(['hung', 'crashed', 'killed', 'heap-overflow'])
    .describe(
      '`hung`: killed because it made no progress; `crashed`: by a fault of native code; `killed`: by the system, most likely for lack of memory; `heap-overflow`: its JavaScript heap was full.',
    ),
  ending: z.string().describe('The signal that ended it; of a hung process, what made no progress.'),
  suspects: z.array(z.string()).describe('Tasks of members that ran and may have caused it.'),
  note: z.string().describe('What happened and how the run went on, in a sentence.'),
});

export type Restart = z.output<typeof restartSchema>;
