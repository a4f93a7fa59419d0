import { checkValue, mistakesLine } from '@chorus/models';
import { readJsonFile, StorageError } from '@chorus/storage';
import { z } from 'zod';

const count = z.int().min(0);

const foldSchema = z.union([
  z.object({ kind: z.enum(['holdout', 'all']) }),
  z.object({ kind: z.literal('fold'), index: count }),
]);

const plannedMemberSchema = z.looseObject({
  plan: z.looseObject({ name: z.string(), stages: z.array(z.looseObject({ name: z.string() })) }),
  featuresTask: z.looseObject({ name: z.string() }).nullish(),
  trainings: z.array(
    z.looseObject({
      ...{ name: z.string(), fold: foldSchema, seed: z.number(), keepsWeights: z.boolean() },
      ...{ fit: count, tune: count, outOfFold: count },
    }),
  ),
});

/** What is read of `plan.json`; the settings of a stage depend on the version that planned it. */
const storedPlanSchema = z.looseObject({
  lanes: z.array(z.looseObject({ device: z.string() })),
  reason: z.string().default(''),
  members: z.array(plannedMemberSchema),
  student: plannedMemberSchema.optional(),
});

export type StoredPlan = z.output<typeof storedPlanSchema>;
export type StoredPlannedMember = StoredPlan['members'][number];

/**
 * Reads `plan.json` of a run folder.
 *
 * @throws StorageError when it cannot be read or is not a plan.
 */
export async function readPlan(path: string): Promise<StoredPlan> {
  const { data, mistakes } = checkValue(storedPlanSchema, await readJsonFile(path));
  if (mistakes !== undefined) throw new StorageError(`${path} is not the plan of a run: ${mistakesLine(mistakes)}.`);
  return data;
}
