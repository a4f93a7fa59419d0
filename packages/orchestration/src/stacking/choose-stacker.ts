import { lowestLogLoss, type OutOfFoldScore } from '@chorus/evaluation';
import type { StackerKind } from '@chorus/models';
import { pairedGain } from './paired-losses.ts';

/**
 * Chooses the stacker with the lowest cross-validated log loss. `features` is kept unless the lowest loss of the others is lower by
 * more than one standard error of the paired difference: a confident regression that is wrong about one image has a high loss, and
 * with few images, one image decides.
 *
 * @param scores by stacker.
 * @param lossesOf losses of the images by the stacker at an index.
 * @returns the index of the chosen one.
 */
export function chooseStacker(
  kinds: readonly StackerKind[],
  scores: readonly OutOfFoldScore[],
  lossesOf: (index: number) => Float64Array,
): number {
  const best = lowestLogLoss(scores);
  const features = kinds.indexOf('features');
  if (features === -1 || best === features) return best;
  const { gain, standardError } = pairedGain(lossesOf(features), lossesOf(best));
  return gain > standardError ? best : features;
}
