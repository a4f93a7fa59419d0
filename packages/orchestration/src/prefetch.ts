import type { Experiment } from './experiment/schema.ts';
import { dataFolder } from './run/dataset.ts';
import { findInitialWeights } from './run/initial-weights.ts';

/**
 * Brings what an experiment needs into the cache: its data set, where it has a name, and its members' first weights.
 *
 * @returns where they are now.
 * @throws as `train` does when something cannot be had.
 */
export async function prefetch(
  experiment: Pick<Experiment, 'data' | 'weights' | 'members' | 'inputSize'>,
  environment: { CHORUS_WEIGHTS?: string | undefined },
): Promise<{ data: string; weights: string[] }> {
  const weights = await findInitialWeights(experiment, environment);
  return {
    data: await dataFolder(experiment.data.source),
    weights: weights.map((one) => (one.kind === 'file' ? one.path : one.kind)),
  };
}
