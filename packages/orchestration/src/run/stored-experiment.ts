import { resolve } from 'node:path';
import type { Experiment } from '../experiment/schema.ts';
import { isNamedSource } from './dataset.ts';
import { weightSource } from './initial-weights.ts';

/** The experiment as its run folder keeps it: with absolute paths, because a resumed run may be started from another folder. */
export function storedExperiment(experiment: Experiment): Experiment {
  const { source, exclude } = experiment.data;
  return {
    ...experiment,
    data: {
      ...experiment.data,
      source: isNamedSource(source) ? source : resolve(source),
      ...(exclude === undefined ? {} : { exclude: resolve(exclude) }),
    },
    weights: weightSource(experiment, process.env),
  };
}
