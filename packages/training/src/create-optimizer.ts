import { Adam, type FineTuneView, type Optimizer } from '@chorus/models';
import type { OptimizerPlan } from './plan.ts';

/** Creates the optimizer of a stage for the variables of its view; the caller disposes. */
export function createOptimizer(
  { weightDecay, layerDecay = 1 }: OptimizerPlan,
  { variables, depths }: FineTuneView,
): Optimizer {
  const rateScales = depths.map((depth) => layerDecay ** depth);
  return new Adam(variables, { weightDecay, rateScales });
}
