/** How an ensemble's score for a class depends on each member. */
import type { Calibration } from '../calibration/calibration.ts';
import { ensembleLogits } from '../calibration/layers.ts';
import { type MemberFeatures, type MemberOutputs, outputsPerImage } from '../stackers/outputs.ts';
import { featureMembersOf } from '../stackers/stacker.ts';
import type { StackerJson } from '../stackers/table.ts';
import {
  type DifferentiableInput,
  differentiableInput,
  differentiableLayers,
  logSumExp,
} from './differentiable-layers.ts';

/** Derivatives with respect to what a stacker reads. */
export interface EnsembleDerivatives {
  /** Per member [N, outputs]; zero if the stacker reads features. */
  logits: Float32Array[];
  /** Of the members whose features it reads: [N, features]. */
  features: MemberFeatures;
}

/**
 * Differentiates an ensemble's score of one class per image: the log-odds log(p / (1 − p)) of its probability, through calibration
 * and stacker. For two classes these are the logit. Unlike p, they do not saturate when p is close to 1.
 *
 * @param ensemble `calibration`: null for none.
 * @param predictions as for `Stacker.predict`.
 * @param labels N classes, each from 0 to the number of classes − 1.
 */
export function ensembleDerivatives(
  ensemble: { stacker: StackerJson; calibration: Calibration | null },
  predictions: { logits: MemberOutputs; features: MemberFeatures },
  labels: ArrayLike<number>,
): EnsembleDerivatives {
  const { classCount } = ensemble.stacker;
  const featureMembers = featureMembersOf(ensemble.stacker);
  const readsFeatures = featureMembers.length > 0;
  const inputs: DifferentiableInput[] = readsFeatures
    ? featureMembers.map((member) => {
        const features = predictions.features.get(member)!;
        return differentiableInput(features, features.length / labels.length);
      })
    : predictions.logits.map((logits) => differentiableInput(logits, outputsPerImage(classCount)));
  const members = inputs.map((output, index) => ({ name: `${index}`, output }));
  const result = ensembleLogits(ensemble, members, differentiableLayers);
  result.pass(logOddsDerivative(result.numbers, classCount, labels));
  const derivatives = inputs.map(({ derivative }) => Float32Array.from(derivative));
  return {
    logits: readsFeatures ? predictions.logits.map((logits) => new Float32Array(logits.length)) : derivatives,
    features: new Map(readsFeatures ? featureMembers.map((member, index) => [member, derivatives[index]!]) : []),
  };
}

// --- internal ---

/** The derivative of z_c − log Σ exp(z_j) over the other classes j, with respect to the logits z [N, classCount]. */
function logOddsDerivative(logits: Float64Array, classCount: number, labels: ArrayLike<number>): Float64Array {
  const derivative = new Float64Array(logits.length);
  for (let row = 0; row < labels.length; row += 1) {
    const start = row * classCount;
    const label = labels[row]!;
    const others = Array.from({ length: classCount }, (_, index) => index).filter((index) => index !== label);
    const rest = logSumExp(others.map((index) => logits[start + index]!));
    derivative[start + label] = 1;
    for (const index of others) derivative[start + index] = -Math.exp(logits[start + index]! - rest);
  }
  return derivative;
}
