/** Decides what a run does about classes of unequal size, from the numbers of their training images. */
import type { StagePlan } from '@chorus/training';
import { type ImbalanceChoice, type Remedy, remedyOf } from '../experiment/imbalance.ts';

export interface ClassCount {
  name: string;
  /** Number of training images, at least 1. */
  count: number;
}

export interface ImbalancePlan {
  classes: ClassCount[];
  /** The number of images of the largest class divided by that of the smallest. */
  ratio: number;
  /** With any but `none`, members, stackers and all choices treat classes as if they were equally frequent. */
  remedy: Remedy;
  /** Why this remedy. */
  reason: string;
}

/** `auto` leaves classes alone up to this ratio. */
export const imbalanceLimit = 3;

/** The remedy of `auto` above the limit. */
const automatic: Remedy = { kind: 'logit-adjustment', tau: 1 };

/** Resolves the choice of an experiment. */
export function planImbalance(choice: ImbalanceChoice, classes: readonly ClassCount[]): ImbalancePlan {
  const counts = classes.map(({ count }) => count);
  const ratio = Math.max(...counts) / Math.min(...counts);
  const own = remedyOf(choice);
  const common = { classes: [...classes], ratio };
  if (own !== undefined) return { ...common, remedy: own, reason: 'it is set in recipe.imbalance' };
  return ratio > imbalanceLimit
    ? { ...common, remedy: automatic, reason: `recipe.imbalance is auto, and the ratio is above ${imbalanceLimit}` }
    : {
        ...common,
        remedy: { kind: 'none' },
        reason: `recipe.imbalance is auto, and the ratio is not above ${imbalanceLimit}`,
      };
}

/** Whether classes are treated as equally frequent. */
export function balancesClasses(imbalance: Pick<ImbalancePlan, 'remedy'> | undefined): boolean {
  return imbalance !== undefined && imbalance.remedy.kind !== 'none';
}

/** The parts of a stage's plan by which a remedy works; none if classes are left alone. */
export function remedyParts(imbalance: ImbalancePlan | undefined): {
  loss: Pick<StagePlan['loss'], 'classWeights' | 'focalGamma' | 'logitOffsets'>;
  stage: Pick<StagePlan, 'sampling' | 'tuneLoss'>;
} {
  if (imbalance === undefined) return { loss: {}, stage: {} };
  const { remedy, classes } = imbalance;
  const imageCount = classes.reduce((sum, { count }) => sum + count, 0);
  /** Of which the mean over the images is 1. */
  const classWeights = classes.map(({ count }) => imageCount / (classes.length * count));
  const balanced = { tuneLoss: 'balanced' } as const;
  switch (remedy.kind) {
    case 'none':
      return { loss: {}, stage: {} };
    case 'class-weights':
      return { loss: { classWeights }, stage: balanced };
    case 'balanced-sampling':
      return { loss: {}, stage: { ...balanced, sampling: 'balanced' } };
    case 'focal':
      return { loss: { classWeights, focalGamma: remedy.gamma }, stage: balanced };
    case 'logit-adjustment': {
      const logitOffsets = classes.map(({ count }) => remedy.tau * Math.log(count / imageCount));
      return { loss: { logitOffsets }, stage: balanced };
    }
  }
}
