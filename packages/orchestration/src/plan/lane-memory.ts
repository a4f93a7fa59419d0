import { availableParallelism } from 'node:os';
import { pixelBytes } from '@chorus/data';
import { backboneMeasurements, variantOf } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import { activationBudgetBytes, type MemberPlan, type StagePlan, viewsPerImage } from '@chorus/training';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
import { featureBytes } from './feature-bytes.ts';
import { featuresObstacle } from './feature-stacker.ts';
import type { PlannedMember, TrainingPlan } from './plan-training.ts';

/** Memory of TensorFlow's library, its memory pools and the thread's heap. */
export const laneBaseBytes = 300 * 2 ** 20;

/** Weights, Adam's two moments, gradients, the best epoch's weights and the new weights of a step. */
const weightCopies = 6;

/** Sums of gradients or clipped ones, averages of the weights with the exchanged ones, and the weights of the epochs of a soup. */
function furtherCopies({ optimizer, microBatchSize, stopping }: StagePlan): number {
  const { clipNorm, emaMomentum } = optimizer;
  const sums = microBatchSize === undefined && clipNorm === undefined ? 0 : 1;
  return sums + (emaMomentum === undefined ? 0 : 2) + (stopping.keeps === 'soup' ? stopping.mostEpochs : 0);
}

/** The weights in TensorFlow, the encoded model, and the weights in onnxruntime. */
const forwardWeightCopies = 3;

/**
 * Estimates the lanes' peak memory in bytes when all of them train concurrently, without the shared pixels. Excludes GPU
 * memory.
 */
export function estimateLaneBytes(
  {
    members,
    student,
    trainingCount,
    stackers,
  }: Pick<TrainingPlan, 'members' | 'student' | 'trainingCount' | 'stackers'>,
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
): number {
  const stacked = stackers.kinds.includes('features') ? stackedBytes(members, trainingCount) : 0;
  const ofMembers = estimatePhaseBytes(members, trainingCount, lanes) + stacked;
  // The student trains after the stacking.
  return student === undefined ? ofMembers : Math.max(ofMembers, estimatePhaseBytes([student], trainingCount, lanes));
}

/** Memory of the copy of all pixels that lanes with processes of their own read; 0 for threads. */
export function sharedPixelBytes(experiment: Experiment, imageCount: number): number {
  return experiment.runtime.isolate ? pixelBytes({ imageCount, imageSizes: inputSizesOf(experiment) }) : 0;
}

// --- internal ---

/** Peak memory while the given models are trained. */
function estimatePhaseBytes(
  members: readonly PlannedMember[],
  trainingCount: number,
  lanes: readonly Pick<RuntimeOptions, 'device'>[],
): number {
  // A member trains on up to one lane per fold. Assume that the largest trainings run concurrently.
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

/** Size in bytes of a member's backbone weights in float32. */
function weightBytes({ backbone }: Pick<MemberPlan, 'backbone'>): number {
  return variantOf(backbone).parameterCount * Float32Array.BYTES_PER_ELEMENT;
}

/** Whether a stage trains all layers, so that activations take most of the memory. */
function trainsAll({ stages }: MemberPlan): boolean {
  return stages.some(({ trains }) => trains === 'all');
}

/**
 * Memory of a training step on its device or, with a frozen front, of a forward pass: on four images, each with a quarter of
 * the activations that training keeps.
 */
function trainingBytes(plan: MemberPlan): number {
  const { family, inputSize } = plan.backbone;
  const weights = weightBytes(plan);
  const { trainingBytesPerPixel } = backboneMeasurements[family];
  if (!trainsAll(plan)) return forwardWeightCopies * weights + inputSize * inputSize * trainingBytesPerPixel;
  const batchSize = Math.max(...plan.stages.map((stage) => stage.microBatchSize ?? stage.batchSize));
  const copies = weightCopies + Math.max(...plan.stages.map(furtherCopies));
  return copies * weights + batchSize * inputSize * inputSize * trainingBytesPerPixel;
}

/** Memory of the frozen layers' outputs that a single training keeps. */
function keptBytes(plan: MemberPlan, imageCount: number): number {
  // Outputs of inner layers may have any size, up to the budget; with augmentation in the training step, none are kept.
  const keepsInner = ({ trains, augmentation }: StagePlan) =>
    typeof trains === 'object' && augmentation.kind !== 'random';
  if (plan.stages.some(keepsInner)) return activationBudgetBytes;
  if (trainsAll(plan)) return 0;
  return plan.features === null ? Math.min(activationBudgetBytes, pooledBytes(plan, imageCount)) : 0;
}

/** Memory of features that all folds of a member share during the whole run. */
function sharedBytes({ plan }: PlannedMember, imageCount: number): number {
  return plan.features === null ? 0 : pooledBytes(plan, imageCount);
}

/** Fits of a stacker: on all images, and without each of five folds. */
const concurrentFits = 6;

/** Memory of the features that the stacker `features` reads: those of all threads, and each thread's rows, twice. */
function stackedBytes(members: readonly PlannedMember[], imageCount: number): number {
  const read = members.filter(({ plan }) => featuresObstacle(plan) === undefined);
  const bytes = read.reduce((sum, { plan }) => sum + featureBytes(plan.backbone, imageCount, 1), 0);
  return bytes * (1 + 2 * Math.min(availableParallelism(), concurrentFits));
}

/** Memory of a member's pooled features, shared or not. */
function pooledBytes({ backbone, features, stages }: MemberPlan, imageCount: number): number {
  const most = stages.some((stage) => viewsPerImage(stage.augmentation) === 2) ? 2 : 1;
  const copies = stages.find(({ trains }) => trains === 'head')?.cachedCopies?.count ?? 0;
  return featureBytes(backbone, imageCount, (features?.rowsPerImage ?? most) + copies);
}
