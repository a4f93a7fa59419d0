import { partNames } from '@chorus/data';
import { backboneMeasurements, variantOf } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import { backboneSpecOf, type Experiment, type MemberSpec, variantChoiceOf } from '../experiment/schema.ts';
import { sharesFeatures } from '../experiment/tasks.ts';
import { activationBudgetBytes } from '../member/activation-cache.ts';

/** TensorFlow's library, its pools and the thread's heap. */
export const laneBaseBytes = 300 * 2 ** 20;

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
  const { members, stacking } = experiment;
  const partCount = partNames(stacking).length;
  // A member trains on as many lanes as it has parts; the largest do at the same time.
  const largest = (bytesOf: (member: MemberSpec) => number, laneCount: number) =>
    members
      .flatMap((member) => new Array<number>(partCount).fill(bytesOf(member)))
      .toSorted((a, b) => b - a)
      .slice(0, laneCount)
      .reduce((sum, bytes) => sum + bytes, 0);
  const cpuCount = lanes.filter(({ device }) => device.startsWith('cpu:')).length;
  const training = largest((member) => trainingBytes(member, experiment), cpuCount);
  const kept = largest((member) => keptBytes(member, experiment, imageCount), lanes.length);
  const shared = sharesFeatures(experiment)
    ? members.reduce((sum, member) => sum + sharedBytes(member, imageCount), 0)
    : 0;
  return lanes.length * laneBaseBytes + training + kept + shared;
}

/** Whether members learn whole, so that a step's activations are what takes memory. */
export function trainsAll({ weights, flaws, recipe }: Pick<Experiment, 'weights' | 'flaws' | 'recipe'>): boolean {
  return weights === 'random' || flaws.wholeFromStart || recipe.fineTune.lastLayers === 'all';
}

/** Bytes of a member's backbone weights in float32. */
export function weightBytes(member: Pick<MemberSpec, 'backbone' | 'alpha' | 'variant'>): number {
  return variantOf(variantChoiceOf(member)).parameterCount * Float32Array.BYTES_PER_ELEMENT;
}

// --- internal ---

type Request = Parameters<typeof estimateLaneBytes>[0];

/** What a step takes on its device. */
function trainingBytes(member: MemberSpec, experiment: Request): number {
  const { family, inputSize } = backboneSpecOf(member, experiment);
  const weights = weightBytes(member);
  if (!trainsAll(experiment)) return weights;
  const { trainingBytesPerPixel } = backboneMeasurements[family];
  return weightCopies * weights + experiment.recipe.batchSize * inputSize * inputSize * trainingBytesPerPixel;
}

/** A frozen front's output that one training keeps for itself. */
function keptBytes(member: MemberSpec, experiment: Request, imageCount: number): number {
  if (trainsAll(experiment)) return 0;
  // Behind a deeper cut it may be anything.
  if (experiment.recipe.fineTune.lastLayers !== 0) return activationBudgetBytes;
  return sharesFeatures(experiment) ? 0 : Math.min(activationBudgetBytes, featureBytes(member, imageCount));
}

/** Features that all parts of a member share, for the whole run; too large ones are not kept. */
function sharedBytes(member: MemberSpec, imageCount: number): number {
  const bytes = featureBytes(member, imageCount);
  return bytes > activationBudgetBytes ? 0 : bytes;
}

/** Pooled features of images and mirror images. */
function featureBytes(member: MemberSpec, imageCount: number): number {
  return 2 * imageCount * variantOf(variantChoiceOf(member)).featureWidth * Float32Array.BYTES_PER_ELEMENT;
}
