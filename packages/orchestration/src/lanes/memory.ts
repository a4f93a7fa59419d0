import { backboneTable } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import { backboneSpecOf, type Experiment } from '../experiment/schema.ts';
import { sharesFeatures } from '../experiment/tasks.ts';
import { activationBudgetBytes } from '../member/activations.ts';

/** TensorFlow's library, its pools and the thread's heap. */
const laneBaseBytes = 300 * 2 ** 20;

/** Weights, Adam's two moments, gradients, the best epoch's weights and what a step replaces them by. */
const weightCopies = 6;

/**
 * What the lanes may need at their peak, all of them training at once, beside the shared pixels; bytes of this machine's
 * memory, not of its GPUs'.
 */
export function estimateLaneBytes(
  experiment: Pick<Experiment, 'inputSize' | 'recipe' | 'members' | 'weights' | 'flaws' | 'stacking'>,
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
  imageCount: number,
): number {
  const { recipe, members } = experiment;
  const all = trainsAll(experiment);
  const ofMembers = members.map((member) => {
    const { family, alpha, inputSize } = backboneSpecOf(member, experiment);
    const { parameterCount, trainingBytesPerPixel } = backboneTable[family];
    const weightBytes = parameterCount * alpha ** 2 * Float32Array.BYTES_PER_ELEMENT;
    // Behind a frozen front, its kept output is what is large.
    if (!all) return weightBytes + activationBudgetBytes;
    return weightCopies * weightBytes + recipe.batchSize * inputSize * inputSize * trainingBytesPerPixel;
  });
  const cpuCount = lanes.filter(({ device }) => device.startsWith('cpu:')).length;
  // The largest at the same time.
  const busiest = ofMembers.toSorted((a, b) => b - a).slice(0, cpuCount);
  const training = busiest.reduce((sum, bytes) => sum + bytes, lanes.length * laneBaseBytes);
  return training + (sharesFeatures(experiment) ? featureBytes(members, imageCount) : 0);
}

/** Whether members learn whole, so that a step's activations are what takes memory. */
export function trainsAll({ weights, flaws, recipe }: Pick<Experiment, 'weights' | 'flaws' | 'recipe'>): boolean {
  return weights === 'random' || flaws.wholeFromStart || recipe.fineTune.lastLayers === 'all';
}

// --- internal ---

/** Features of all members and their mirror images, which stay for the whole run. */
function featureBytes(members: Experiment['members'], imageCount: number): number {
  return members.reduce((sum, { backbone, alpha }) => {
    const bytes = 2 * imageCount * backboneTable[backbone].featureWidth(alpha) * Float32Array.BYTES_PER_ELEMENT;
    return sum + (bytes > activationBudgetBytes ? 0 : bytes);
  }, 0);
}
