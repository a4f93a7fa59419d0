import { lowestLogLoss, type OutOfFoldScore } from '@chorus/evaluation';
import type { StackerKind } from '@chorus/models';
import { pairedGain } from './paired-losses.ts';

/** Losses of a stacker, cross-validated. */
export interface StackerLosses {
  images: Float64Array;
  /** Of another image that it classifies wrongly; see `surpriseOf`. */
  surprise: number;
}

/** The regularized regressions, the better one first. */
const preferredKinds = ['features', 'logistic'] as const satisfies readonly StackerKind[];

/**
 * Chooses the stacker with the lowest cross-validated log loss. But the first one of `features` and `logistic` is kept unless the
 * lowest loss is lower by more than one standard error of the paired difference, both without and with another image of each
 * class that every stacker classifies wrongly. A confident regression that is wrong about one image has a high loss, and with few
 * images, one image decides. Where all images but a few are classified correctly, the lowest loss is that of the most confident
 * stacker; the added images show what its confidence costs. There is one per class, as in the prior of Platt (1999).
 *
 * @param scores by stacker.
 * @param lossesOf losses of the stacker at an index.
 * @returns the index of the chosen one.
 */
export function chooseStacker(
  kinds: readonly StackerKind[],
  scores: readonly OutOfFoldScore[],
  lossesOf: (index: number) => StackerLosses,
  classCount: number,
): number {
  const best = lowestLogLoss(scores);
  const preferred = preferredKinds.map((kind) => kinds.indexOf(kind)).find((index) => index !== -1);
  if (preferred === undefined || best === preferred) return best;
  const [kept, lowest] = [lossesOf(preferred), lossesOf(best)];
  const isBetter = [0, classCount].every((count) =>
    isClearlyLower(withSurprises(kept, count), withSurprises(lowest, count)),
  );
  return isBetter ? best : preferred;
}

// --- internal ---

function isClearlyLower(before: Float64Array, after: Float64Array): boolean {
  const { gain, standardError } = pairedGain(before, after);
  return gain > standardError;
}

function withSurprises({ images, surprise }: StackerLosses, count: number): Float64Array {
  const all = new Float64Array(images.length + count).fill(surprise);
  all.set(images);
  return all;
}
