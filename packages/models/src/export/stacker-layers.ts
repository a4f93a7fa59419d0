/** Ensembles as layers on the members' logits. */
import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { Calibration } from '../calibration/calibration.ts';
import { ensembleLayers } from '../calibration/layers.ts';
import type { NamedLogits, StackerLayers } from '../stackers/definition.ts';
import type { StackerJson } from '../stackers/table.ts';
import { fixedDense } from './fixed-dense.ts';
import { logWeightedMean } from './log-weighted-mean.ts';
import { classProbabilities, meanOf } from './probability-layers.ts';

/**
 * Builds the layers that compute `Stacker.predict` and `calibrate` in float32.
 *
 * @param members in the order of the stacker's fit: logits [N, outputs].
 * @returns class probabilities [N, classCount].
 */
export function stackerLayers(
  ensemble: { stacker: StackerJson; calibration: Calibration | null },
  members: readonly NamedLogits<Symbolic>[],
): Symbolic {
  return ensembleLayers(ensemble, members, tfjsLayers);
}

// --- internal ---

const tfjsLayers: StackerLayers<Symbolic> = {
  dense: fixedDense,
  activation: (x, name, activation) => tf.layers.activation({ name, activation }).apply(x) as Symbolic,
  concatenate: (xs, name) => (xs.length === 1 ? xs[0]! : (tf.layers.concatenate({ name }).apply([...xs]) as Symbolic)),
  mean: meanOf,
  rescale: (x, name, options) => tf.layers.rescaling({ name, ...options }).apply(x) as Symbolic,
  probabilities: classProbabilities,
  logWeightedMean,
};
