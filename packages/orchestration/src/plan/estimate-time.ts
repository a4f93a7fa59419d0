/** Estimates a run's time from its passes over the images and this machine's training speed. */
import { backboneMeasurements, memberCost } from '@chorus/models';
import { predictedViews, type StagePlan, viewsPerImage } from '@chorus/training';
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
    const perLane = (sum(trainings) + sum(members.map(({ shared }) => shared))) / machine.laneCount;
    const alone = machine.sharesProcessors ? Math.min(machine.laneCount, 2) : 1;
    return Math.max(perLane, Math.max(...trainings) / alone);
  };
  const wall = (ends: 'early' | 'late') => {
    // The student learns from the trained members.
    const student = plan.student === undefined ? 0 : phase([plan.student], ends);
    return machine.startSeconds + phase(plan.members, ends) + student;
  };
  return [0.75 * wall('early'), 1.5 * wall('late') + finishSeconds];
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

/** Seconds of a member's work on one lane. */
interface MemberSeconds {
  /** Of each training, which a single lane runs. */
  trainings: number[];
  /** Of features and the test, which all lanes share. */
  shared: number;
}

function memberSeconds(
  { plan, trainings }: PlannedMember,
  { trainingCount, testCount }: TrainingPlan,
  machine: TimedMachine,
  ends: 'early' | 'late',
): MemberSeconds {
  const { family } = plan.backbone;
  const secondsPerStep = (memberCost(plan.backbone) * machine.laneCount) / machine.costPerSecond;
  const forward = secondsPerStep * forwardShare;
  const { layerCount } = backboneMeasurements[family];
  // The machine's speed was measured with a MobileNet.
  const compile = (machine.compileSeconds * layerCount) / backboneMeasurements.mobilenet.layerCount;
  const views = predictedViews(plan);
  const costs = { secondsPerStep, forward, compile, layerCount, bfloat16: machine.bfloat16 };
  const ofTrainings = trainings.map((training) => {
    const predictions = plan.features?.predict ? 0 : training.outOfFold * views * forward;
    return plan.stages.reduce(
      (sum, stage) => sum + stageSeconds(stage, plan.features !== null, training, costs, ends),
      predictions,
    );
  });
  const features = plan.features === null ? 0 : trainingCount * plan.features.rowsPerImage * forward;
  const models = trainings.filter(({ keepsWeights }) => keepsWeights).length;
  return { trainings: ofTrainings, shared: features + models * testCount * views * forward };
}

interface Costs {
  /** Seconds per image of a training step of all layers in float32. */
  secondsPerStep: number;
  /** Seconds per image of a forward pass. */
  forward: number;
  /** Seconds to compile a training step of all layers. */
  compile: number;
  layerCount: number;
  bfloat16: boolean;
}

function stageSeconds(
  stage: StagePlan,
  sharesFeatures: boolean,
  { fit, tune }: PlannedTraining,
  { secondsPerStep, forward, compile, layerCount, bfloat16 }: Costs,
  ends: 'early' | 'late',
): number {
  const { stopping, epochCount } = stage;
  const epochs =
    ends === 'late' || stopping.keeps === 'last' ? epochCount : Math.min(epochCount, stopping.patience + 1);
  const share = trainingShare(stage, layerCount);
  const fromFeatures = stage.trains === 'head' && sharesFeatures;
  const front = fromFeatures ? 0 : (fit * viewsPerImage(stage.augmentation) + tune) * forward * (1 - share);
  if (stage.trains === 'head') return compile / 2 + front + epochs * Math.ceil(fit / stage.batchSize) * headStepSeconds;
  const step = secondsPerStep * (bfloat16 && stage.precision === 'bfloat16' ? bfloat16Share : 1);
  const recalibration = stage.recalibratesBatchNorm ? fit * forward : 0;
  return compile + front + epochs * ((fit * step + tune * forward) * share + recalibration);
}

/** Share of the backbone's layers that a stage trains. */
function trainingShare({ trains }: StagePlan, layerCount: number): number {
  if (trains === 'head') return 0;
  return typeof trains === 'object' && 'lastLayers' in trains ? Math.min(1, trains.lastLayers / layerCount) : 1;
}
