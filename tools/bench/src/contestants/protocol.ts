/**
 * What the bench and its contestants say to each other, one JSON object a line; contestants/protocol.py is the same in
 * Python. The end of a contestant's standard input ends it.
 */
import { z } from 'zod';

/** To a contestant: first the task, then one round at a time. */
export type Request = { prepare: unknown } | { steps: number };

const preparedSchema = z.strictObject({
  /** What is measured with. */
  versions: z.record(z.string(), z.string()),
  /** Of what trains, without the head. */
  parameterCount: z.int().positive().optional(),
  /** What a step takes, about, once warm; null where a round is one whole procedure. */
  stepSeconds: z.number().positive().nullable(),
});

/** What a contestant tells once it is warm. */
export type Prepared = z.output<typeof preparedSchema>;

/** Seconds by quantity. */
export type RoundSeconds = Record<string, number>;

const answerSchema = z.union([
  z.strictObject({ prepared: preparedSchema }),
  z.strictObject({ seconds: z.record(z.string(), z.number().nonnegative()) }),
]);

export type Answer = z.output<typeof answerSchema>;

/** @throws Error for a line that is no answer. */
export function parseAnswer(line: string): Answer {
  const { data, error } = answerSchema.safeParse(jsonOf(line));
  if (error !== undefined)
    throw new Error(`Expected {"prepared": …} or {"seconds": …}, received ${line.slice(0, 300)}`);
  return data;
}

// --- internal ---

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
