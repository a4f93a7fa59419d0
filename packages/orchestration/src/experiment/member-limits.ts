import { z } from 'zod';

/** Limits of the ensemble's members in an experiment; without limits, all of them are kept. */
export const memberLimits = {
  maxMembers: z
    .int()
    .min(2)
    .optional()
    .describe(
      'Maximum number of members in the ensemble: the others are dropped by greedy selection on out-of-fold predictions, and so are members that hardly lower the log loss for their cost.',
    ),
  maxMegabytes: z
    .number()
    .positive()
    .optional()
    .describe(
      "Maximum size of the members' weights in the bundle, in megabytes (10⁶ bytes); otherwise as `maxMembers`.",
    ),
};

/** Members in the ensemble: at least `minMembers`, and at most these. */
export interface MemberLimits {
  minMembers: number;
  maxMembers?: number | undefined;
  maxMegabytes?: number | undefined;
}

/** Whether an experiment limits the ensemble's members. */
export function limitsMembers({ maxMembers, maxMegabytes }: MemberLimits): boolean {
  return maxMembers !== undefined || maxMegabytes !== undefined;
}

/**
 * The size of the smallest ensemble that `minMembers` permits, if it is larger than `maxMegabytes`.
 *
 * @param bytes size of each member's weights in the bundle.
 */
export function excessMegabytes(
  bytes: readonly number[],
  { minMembers, maxMegabytes }: MemberLimits,
): number | undefined {
  if (maxMegabytes === undefined) return undefined;
  const smallest = bytes.toSorted((a, b) => a - b).slice(0, minMembers);
  const needed = smallest.reduce((sum, one) => sum + one, 0) / 1e6;
  return needed > maxMegabytes ? needed : undefined;
}
