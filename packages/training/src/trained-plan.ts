import type { MemberPlan } from './plan.ts';
import type { TrainTask } from './protocol.ts';

/** The plan of one training, as plain data: with equal ones, two trainings of the same images give the same member. */
export interface TrainedPlan {
  member: Omit<MemberPlan, 'weights'>;
  /** SHA-256 of the file of initial weights, wherever it is; null for random weights. */
  weights: string | null;
  fold: TrainTask['fold'];
  /** Fingerprint of the images and their split. */
  dataset?: string | undefined;
  seed: number;
  /** Image counts. */
  fit: number;
  tune: number;
  outOfFold: number;
  /** SHA-256 of the probabilities that a student learns from; omitted for members. */
  teacher?: string | undefined;
}

/** The plan of a training, without the paths that do not influence it. */
export function trainedPlanOf(
  { weights, ...member }: MemberPlan,
  { fold, seed, dataset, fit, tune, outOfFold, teacher }: Omit<TrainedPlan, 'member' | 'weights'>,
): TrainedPlan {
  return {
    ...{ member, weights: weights.kind === 'file' ? weights.sha256 : null, fold, seed, fit, tune, outOfFold },
    ...(dataset === undefined ? {} : { dataset }),
    ...(teacher === undefined ? {} : { teacher }),
  };
}

/** The name of a plan in reports: `transfer` trains a new head on a pre-trained backbone first, `whole` all layers from the first step. */
export function recipeOf({ stages }: Pick<MemberPlan, 'stages'>): 'transfer' | 'whole' {
  return stages.some(({ name }) => name === 'whole') ? 'whole' : 'transfer';
}
