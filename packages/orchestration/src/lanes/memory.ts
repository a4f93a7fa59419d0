import { backboneTable } from '@chorus/models';
import { backboneSpecOf, type Experiment } from '../experiment/schema.ts';
import { activationBudgetBytes } from '../member/activations.ts';

/** TensorFlow's library, its pools and the thread's heap. */
const laneBaseBytes = 300 * 2 ** 20;

/** Weights, Adam's two moments, gradients, the best epoch's weights and what a step replaces them by. */
const weightCopies = 6;

/** What the lanes may need at their peak, all of them training at once, beside the shared pixels; bytes. */
export function estimateLaneBytes(
  experiment: Pick<Experiment, 'inputSize' | 'recipe' | 'members' | 'weights' | 'flaws'>,
  laneCount: number,
): number {
  const { recipe, weights, flaws, members } = experiment;
  const trainsAll = weights === 'random' || flaws.wholeFromStart || recipe.fineTune.lastLayers === 'all';
  const perMember = members.map((member) => {
    const { family, alpha, inputSize } = backboneSpecOf(member, experiment);
    const { parameterCount, trainingBytesPerPixel } = backboneTable[family];
    const weightBytes = parameterCount * alpha ** 2 * Float32Array.BYTES_PER_ELEMENT;
    // Behind a frozen front, its kept output is what is large.
    if (!trainsAll) return weightBytes + activationBudgetBytes;
    return weightCopies * weightBytes + recipe.batchSize * inputSize * inputSize * trainingBytesPerPixel;
  });
  // The largest at the same time.
  const busiest = perMember.toSorted((a, b) => b - a).slice(0, laneCount);
  return busiest.reduce((sum, bytes) => sum + laneBaseBytes + bytes, 0);
}
