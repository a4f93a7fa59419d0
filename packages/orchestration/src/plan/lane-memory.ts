import { backboneMeasurements, variantOf } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import { activationBudgetBytes, type MemberPlan } from '@chorus/training';
import type { PlannedMember, TrainingPlan } from './plan-training.ts';

/** TensorFlow's library, its pools and the thread's heap. */
export const laneBaseBytes = 300 * 2 ** 20;

/** Weights, Adam's two moments, gradients, the best epoch's weights and what a step replaces them by. */
const weightCopies = 6;

/**
 * What the lanes may need at their peak, all of them training at once, besides the shared pixels; bytes of this machine's
 * memory, not of its GPUs'.
 */
export function estimateLaneBytes(
  { members, trainingCount }: Pick<TrainingPlan, 'members' | 'trainingCount'>,
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
): number {
  // A member trains on as many lanes as it has folds; the largest do at the same time.
  const largest = (bytesOf: (member: MemberPlan) => number, laneCount: number) =>
    members
      .flatMap(({ plan, trainings }) => trainings.map(() => bytesOf(plan)))
      .toSorted((a, b) => b - a)
      .slice(0, laneCount)
      .reduce((sum, bytes) => sum + bytes, 0);
  const cpuCount = lanes.filter(({ device }) => device.startsWith('cpu:')).length;
  const training = largest(trainingBytes, cpuCount);
  const kept = largest((plan) => keptBytes(plan, trainingCount), lanes.length);
  const shared = members.reduce((sum, member) => sum + sharedBytes(member, trainingCount), 0);
  return lanes.length * laneBaseBytes + training + kept + shared;
}

/** Bytes of a member's backbone weights in float32. */
function weightBytes({ backbone }: Pick<MemberPlan, 'backbone'>): number {
  return variantOf(backbone).parameterCount * Float32Array.BYTES_PER_ELEMENT;
}

// --- internal ---

/** Whether some stage trains all layers, so that the activations of a step take the memory. */
function trainsAll({ stages }: MemberPlan): boolean {
  return stages.some(({ trains }) => trains === 'all');
}

/** What a step takes on its device. */
function trainingBytes(plan: MemberPlan): number {
  const { family, inputSize } = plan.backbone;
  const weights = weightBytes(plan);
  if (!trainsAll(plan)) return weights;
  const { trainingBytesPerPixel } = backboneMeasurements[family];
  const batchSize = Math.max(...plan.stages.map((stage) => stage.batchSize));
  return weightCopies * weights + batchSize * inputSize * inputSize * trainingBytesPerPixel;
}

/** A frozen front's output that one training keeps for itself. */
function keptBytes(plan: MemberPlan, imageCount: number): number {
  if (trainsAll(plan)) return 0;
  // The output of a deeper cut may have any size.
  if (plan.stages.some(({ trains }) => trains !== 'head')) return activationBudgetBytes;
  return plan.features === null ? Math.min(activationBudgetBytes, featureBytes(plan, imageCount)) : 0;
}

/** Features that all folds of a member share, for the whole run. */
function sharedBytes({ plan }: PlannedMember, imageCount: number): number {
  return plan.features === null ? 0 : featureBytes(plan, imageCount);
}

/** Pooled features of images and mirror images. */
function featureBytes({ backbone }: MemberPlan, imageCount: number): number {
  return 2 * imageCount * variantOf(backbone).featureWidth * Float32Array.BYTES_PER_ELEMENT;
}
