import { type Experiment, modelsOf } from '../experiment/schema.ts';
import { weightSource } from '../run/initial-weights.ts';
import { expectedFacts } from './dataset-facts.ts';
import { planTraining, type TrainingPlan } from './plan-training.ts';

/**
 * The expected plan for a number of images, for estimates before any image or weight file is read: its counts come from the
 * experiment's shares, and its weights have a source but no files or checksums.
 */
export function expectedPlan(
  experiment: Experiment,
  environment: { CHORUS_WEIGHTS?: string | undefined },
  images: { trainingCount: number; testCount: number },
): TrainingPlan {
  const source = weightSource(experiment, environment);
  const weights = modelsOf(experiment).map(() =>
    source === 'random' ? ({ kind: 'random' } as const) : ({ kind: 'file', path: source, sha256: '' } as const),
  );
  return planTraining(experiment, expectedFacts(experiment, images), weights);
}
