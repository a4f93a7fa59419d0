import { type BackboneFamily, backboneTable } from '@chorus/models';
import { backboneSpecOf, type Experiment } from '../experiment/schema.ts';
import { activationBudgetBytes } from '../member/activations.ts';

/** TensorFlow's library, its pools and the thread's heap. */
const laneBaseBytes = 300 * 2 ** 20;

/** What the lanes may need at their peak, all of them training at once, beside the shared pixels; bytes. */
export function estimateLaneBytes(
  experiment: Pick<Experiment, 'inputSize' | 'recipe' | 'members' | 'weights' | 'flaws'>,
  laneCount: number,
): number {
  const { recipe, weights, flaws, members } = experiment;
  const trainsAll = weights === 'random' || flaws.wholeFromStart || recipe.fineTune.lastLayers === 'all';
  const perMember = members.map((member) => {
    const { family, inputSize } = backboneSpecOf(member, experiment);
    // Behind a frozen front, its kept output is what is large.
    return trainsAll ? recipe.batchSize * inputSize * inputSize * trainingBytesPerPixel(family) : activationBudgetBytes;
  });
  // The largest at the same time.
  const busiest = perMember.toSorted((a, b) => b - a).slice(0, laneCount);
  return busiest.reduce((sum, bytes) => sum + laneBaseBytes + bytes, 0);
}

// --- internal ---

/** Activations and gradients that training all layers keeps per input pixel of a batch. */
function trainingBytesPerPixel(family: BackboneFamily): number {
  return backboneTable[family].trainingBytesPerPixel;
}
