/** Stackers as layers on the members' outputs. */
import * as tf from '@tensorflow/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { NamedOutput, StackerLayers } from '../stackers/definition.ts';
import { type StackerJson, stackerTable } from '../stackers/table.ts';
import { fixedDense } from './fixed-dense.ts';
import { classProbabilities, meanOf } from './probability-layers.ts';

/**
 * Builds the layers that compute `Stacker.predict` in float32.
 *
 * @param members in the order of the stacker's fit: the pooled features of those that `featureMembersOf` names, else logits.
 * @returns class probabilities [N, classCount].
 */
export function stackerLayers(json: StackerJson, members: readonly NamedOutput<Symbolic>[]): Symbolic {
  return stackerTable[json.kind].layers(json, members, tfjsLayers);
}

// --- internal ---

const tfjsLayers: StackerLayers<Symbolic> = {
  dense: fixedDense,
  activation: (x, name, activation) => tf.layers.activation({ name, activation }).apply(x) as Symbolic,
  concatenate: (xs, name) => (xs.length === 1 ? xs[0]! : (tf.layers.concatenate({ name }).apply([...xs]) as Symbolic)),
  mean: meanOf,
  probabilities: classProbabilities,
};
