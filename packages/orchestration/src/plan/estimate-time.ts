/** Estimates a run's time from its passes over the images and this machine's training speed. */
import { backboneMeasurements, memberCost } from '@chorus/models';
import { type MemberPlan, type StagePlan, viewsPerImage, viewsToPredict } from '@chorus/training';
import type { MachineSpeed } from '../check/measure-speed.ts';
import type { PlannedMember, PlannedTraining, TrainingPlan } from './plan-training.ts';

export interface TimedMachine extends MachineSpeed {
  laneCount: number;
  /** Whether lanes share processors, so that a lane is faster while the others are idle. */
  sharesProcessors: boolean;
  /** Whether its lanes can compute training steps in bfloat16. */
  bfloat16: boolean;
}

/**
 * Estimates the wall time in seconds of training, stacking and testing, without decoding.
 *
 * @returns [least, most]: the least with stages that stop early as soon as possible, the most without early stopping. Since
 * the estimate is rough, both ends of the range are widened.
 */
export function estimateSeconds(plan: TrainingPlan, machine: TimedMachine): [least: number, most: number] {
  const phase = (models: readonly PlannedMember[], ends: 'early' | 'late') => {
    const members = models.map((member) => memberSeconds(member, plan, machine, ends));
    const trainings = members.flatMap((member) => member.trainings);
    const sum = (all: readonly number[]) => all.reduce((total, seconds) => total + seconds, 0);
    const shared = sum(members.map(({ features, test }) => features + test));
    const perLane = (sum(trainings) + shared) / machine.laneCount;
    return Math.max(perLane, Math.max(...trainings) / speedAlone(machine));
  };
  const wall = (ends: 'early' | 'late') => {
    // The student learns from the trained members.
    const student = plan.student === undefined ? 0 : phase([plan.student], ends);
    return machine.startSeconds + phase(plan.members, ends) + student;
  };
  return [0.75 * wall('early'), 1.5 * wall('late') + finishSeconds];
}

/** How much faster a lane is while the others are idle. */
export function speedAlone({ laneCount, sharesProcessors }: TimedMachine): number {
  return sharesProcessors ? Math.min(laneCount, 2) : 1;
}

/** Estimated seconds of a member's work on one lane, while all lanes work. */
export interface MemberSeconds {
  /** Of each training, which a single lane runs. */
  trainings: number[];
  /** Of features that trainings share and of the test; all lanes share this work. */
  features: number;
  test: number;
}

/**
 * Estimates the time of a member's work.
 *
 * @param ends `early` or `late`: with stages that stop as early as possible, or after all of their epochs.
 * @param forwardSeconds measured seconds of a forward pass of one image on one lane; by default, an estimate.
 */
export function memberSeconds(
  { plan, trainings }: Pick<PlannedMember, 'plan' | 'trainings'>,
  { trainingCount, testCount }: Pick<TrainingPlan, 'trainingCount' | 'testCount'>,
  machine: TimedMachine,
  ends: 'early' | 'late',
  forwardSeconds?: number,
): MemberSeconds {
  const costs = costsOf(plan, machine, forwardSeconds);
  const ofTrainings = trainings.map((training) =>
    plan.stages.reduce(
      (sum, stage) => sum + stageSeconds(stage, plan.features !== null, training, costs, ends),
      predictionSeconds(plan, training, costs),
    ),
  );
  const rowsPerImage = plan.features === null ? 0 : plan.features.rowsPerImage + copiesOf(plan.features);
  const features = trainingCount * rowsPerImage * costs.forward;
  const models = trainings.filter(({ keepsWeights }) => keepsWeights).length;
  return { trainings: ofTrainings, features, test: models * testCount * viewCountOf(plan) * costs.forward };
}

/** Estimated seconds of each stage of a training before its first epoch, and of the prediction of its out-of-fold images. */
export function overheadSeconds(
  plan: MemberPlan,
  training: PlannedTraining,
  machine: TimedMachine,
  forwardSeconds?: number,
): { stages: number[]; predictions: number } {
  const costs = costsOf(plan, machine, forwardSeconds);
  const unstarted = plan.stages.map((stage) => ({ ...stage, epochCount: 0 }));
  return {
    stages: unstarted.map((stage) => stageSeconds(stage, plan.features !== null, training, costs, 'late')),
    predictions: predictionSeconds(plan, training, costs),
  };
}

// --- internal ---

/** Time of a forward pass relative to a training step; measured on a CPU: 0.21 to 0.31. */
const forwardShare = 0.26;
/** Time of a bfloat16 step relative to a float32 step; measured: 0.65 and 0.75. */
const bfloat16Share = 0.7;
/** Seconds of a training step of the head on features in memory; measured: 0.3 to 1.5 ms. */
const headStepSeconds = 0.001;
/** Seconds for stackers, bundle and report. */
const finishSeconds = 2;

/** @param forwardSeconds if it was measured. */
function costsOf({ backbone }: MemberPlan, machine: TimedMachine, forwardSeconds?: number): Costs {
  const { layerCount, blockCount } = backboneMeasurements[backbone.family];
  const estimated = (memberCost(backbone) * machine.laneCount) / machine.costPerSecond;
  const forward = forwardSeconds ?? estimated * forwardShare;
  // A backbone whose forward passes take longer than estimated also trains more slowly; faster ones may only have a faster engine.
  const secondsPerStep = estimated * Math.max(1, forward / (estimated * forwardShare));
  // The machine's speed was measured with a MobileNet.
  const compile = (machine.compileSeconds * layerCount) / backboneMeasurements.mobilenet.layerCount;
  return { secondsPerStep, forward, compile, layerCount, blockCount, bfloat16: machine.bfloat16 };
}

function predictionSeconds(plan: MemberPlan, { outOfFold }: PlannedTraining, { forward }: Costs): number {
  return plan.features?.predict ? 0 : outOfFold * viewCountOf(plan) * forward;
}

function viewCountOf({ testTimeAugmentation }: MemberPlan): number {
  return viewsToPredict(testTimeAugmentation).length;
}

interface Costs {
  /** Seconds per image of a training step of all layers in float32. */
  secondsPerStep: number;
  /** Seconds per image of a forward pass. */
  forward: number;
  /** Seconds to compile a training step of all layers. */
  compile: number;
  layerCount: number;
  blockCount: number;
  bfloat16: boolean;
}

function copiesOf({ cachedCopies }: Pick<StagePlan, 'cachedCopies'>): number {
  return cachedCopies?.count ?? 0;
}

function stageSeconds(
  stage: StagePlan,
  sharesFeatures: boolean,
  { fit, tune }: PlannedTraining,
  { secondsPerStep, forward, compile, bfloat16, ...sizes }: Costs,
  ends: 'early' | 'late',
): number {
  const { stopping, epochCount } = stage;
  const epochs =
    ends === 'late' || stopping.keeps === 'last' ? epochCount : Math.min(epochCount, stopping.patience + 1);
  const share = trainingShare(stage, sizes);
  const fromFeatures = stage.trains === 'head' && sharesFeatures;
  const rowsPerImage = viewsPerImage(stage.augmentation) + copiesOf(stage);
  const front = fromFeatures ? 0 : (fit * rowsPerImage + tune) * forward * (1 - share);
  if (stage.trains === 'head') return compile / 2 + front + epochs * Math.ceil(fit / stage.batchSize) * headStepSeconds;
  const step = secondsPerStep * (bfloat16 && stage.precision === 'bfloat16' ? bfloat16Share : 1);
  const recalibration = stage.recalibratesBatchNorm ? fit * forward : 0;
  const evaluation = tune * forward * share + recalibration;
  const averages = stopping.keeps === 'soup' ? Math.min(epochs, stopping.mostEpochs - 1) : 0;
  return compile + front + epochs * (fit * step * share + evaluation) + averages * evaluation;
}

/** Share of the backbone's layers that a stage trains. */
function trainingShare(
  { trains }: StagePlan,
  { layerCount, blockCount }: Pick<Costs, 'layerCount' | 'blockCount'>,
): number {
  if (trains === 'head') return 0;
  if (typeof trains !== 'object') return 1;
  if ('lastBlocks' in trains) return trains.lastBlocks / blockCount;
  return 'lastLayers' in trains ? Math.min(1, trains.lastLayers / layerCount) : 1;
}
