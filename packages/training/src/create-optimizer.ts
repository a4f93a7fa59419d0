import { Adam, type FineTuneView, type Optimizer, Sgd } from '@chorus/models';
import type { OptimizerPlan } from './plan.ts';

/** Creates the optimizer of a stage for the variables of its view; the caller disposes. */
export function createOptimizer(plan: OptimizerPlan, { variables, depths }: FineTuneView): Optimizer {
  const { weightDecay, layerDecay = 1 } = plan;
  const options = { weightDecay, rateScales: depths.map((depth) => layerDecay ** depth) };
  switch (plan.kind) {
    case 'adam':
      return new Adam(variables, options);
    case 'sgd':
      return new Sgd(variables, { ...options, momentum: plan.momentum, nesterov: plan.nesterov });
  }
}
