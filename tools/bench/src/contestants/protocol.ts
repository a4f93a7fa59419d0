/**
 * The protocol between the bench and its contestants, one JSON object per line; contestants/protocol.py implements it in
 * Python. A contestant exits at the end of its stdin.
 */
import { z } from 'zod';

/** A message to a contestant: first the task, then one round at a time. */
export type Request = { prepare: unknown } | { steps: number };

const preparedSchema = z.strictObject({
  /** Versions of the measured libraries. */
  versions: z.record(z.string(), z.string()),
  /** Number of trainable parameters, without the head. */
  parameterCount: z.int().positive().optional(),
  /** Approximate duration of a step after warm-up; null if a round is one whole procedure. */
  stepSeconds: z.number().positive().nullable(),
});

/** A contestant's report after warm-up. */
export type Prepared = z.output<typeof preparedSchema>;

/** Seconds by quantity. */
export type RoundSeconds = Record<string, number>;

const answerSchema = z.union([
  z.strictObject({ prepared: preparedSchema }),
  z.strictObject({ seconds: z.record(z.string(), z.number().nonnegative()) }),
]);

export type Answer = z.output<typeof answerSchema>;

/** @throws Error for a line that is not a valid answer. */
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
