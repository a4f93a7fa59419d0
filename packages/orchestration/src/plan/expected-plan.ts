import type { Experiment } from '../experiment/schema.ts';
import { weightSource } from '../run/initial-weights.ts';
import { expectedFacts } from './dataset-facts.ts';
import { planTraining, type TrainingPlan } from './plan-training.ts';

/**
 * The plan to expect for so many images, for estimates before any image or weight file is read: it has the experiment's
 * shares in place of counts, and the source of the weights in place of files and checksums.
 */
export function expectedPlan(
  experiment: Experiment,
  environment: { CHORUS_WEIGHTS?: string | undefined },
  images: { trainingCount: number; testCount: number },
): TrainingPlan {
  const source = weightSource(experiment, environment);
  const weights = experiment.members.map(() =>
    source === 'random' ? ({ kind: 'random' } as const) : ({ kind: 'file', path: source, sha256: '' } as const),
  );
  return planTraining(experiment, expectedFacts(experiment, images), weights);
}
