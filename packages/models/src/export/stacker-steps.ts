/** An ensemble's stacker and calibration as plain data, for programs in other languages. */
import type { Calibration } from '../calibration/calibration.ts';
import { ensembleLayers } from '../calibration/layers.ts';
import type { OutputForm, StackerLayers } from '../stackers/definition.ts';
import { featureMembersOf } from '../stackers/stacker.ts';
import type { StackerJson } from '../stackers/table.ts';

/** Computes the value `to` from the values `of`, as the method of {@link StackerLayers} with the name `op` does. */
export type StackerStep = { of: string[]; to: string } & (
  | { op: 'dense'; kernel: readonly (readonly number[])[]; bias?: readonly number[]; activation?: 'relu' }
  | { op: 'activation'; activation: 'sigmoid' | 'softmax' | 'relu' }
  | { op: 'rescale'; scale: number; offset: number }
  | { op: 'concatenate' }
  | { op: 'mean' }
  | { op: 'probabilities'; form: OutputForm }
  | { op: 'logWeightedMean'; weights: readonly number[] }
);

export interface StackerSteps {
  /** What the steps read of each member: its logits, or its pooled features. */
  reads: 'logits' | 'features';
  /** The members that are read; the value of each has its name. */
  members: string[];
  /** In an order in which each step finds its values. The last one computes the class probabilities [N, classes]. */
  steps: StackerStep[];
}

/**
 * Describes the layers that compute `Stacker.predict` and `calibrate`.
 *
 * @param names of all members, in the order of the stacker's fit.
 */
export function stackerSteps(
  ensemble: { stacker: StackerJson; calibration: Calibration | null },
  names: readonly string[],
): StackerSteps {
  const featureMembers = featureMembersOf(ensemble.stacker);
  const members = featureMembers.length > 0 ? featureMembers.map((index) => names[index]!) : [...names];
  const steps: StackerStep[] = [];
  const record = (step: StackerStep): string => {
    steps.push(step);
    return step.to;
  };
  const layers: StackerLayers<string> = {
    dense: (of, name, options) => record({ op: 'dense', of: [of], to: layer(name), ...options }),
    activation: (of, name, activation) => record({ op: 'activation', of: [of], to: layer(name), activation }),
    rescale: (of, name, options) => record({ op: 'rescale', of: [of], to: layer(name), ...options }),
    concatenate: (of, name) => record({ op: 'concatenate', of: [...of], to: layer(name) }),
    mean: (of, name) => record({ op: 'mean', of: [...of], to: layer(name) }),
    probabilities: (of, _, name, form = 'probabilities') =>
      record({ op: 'probabilities', of: [of], to: layer(name), form }),
    logWeightedMean: (of, weights, _, name) => record({ op: 'logWeightedMean', of: [...of], to: layer(name), weights }),
  };
  ensembleLayers(
    ensemble,
    members.map((name) => ({ name, output: name })),
    layers,
  );
  return { reads: featureMembers.length > 0 ? 'features' : 'logits', members, steps };
}

// --- internal ---

/** No member has such a name, so that a step cannot replace a member's value. */
function layer(name: string): string {
  return `/${name}`;
}
