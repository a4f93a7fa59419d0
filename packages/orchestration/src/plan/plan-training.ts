/** Turns an experiment into the plan of a run, before anything is trained. */
import { type Fold, foldName, foldsOf, seedFor } from '@chorus/data';
import { backboneMeasurements, backboneTable, type StackerKind, type StackerOptions } from '@chorus/models';
import {
  activationBudgetBytes,
  flipsOf,
  type InitialWeights,
  type MemberPlan,
  type OptimizerPlan,
  type Precision,
  type StagePlan,
  type Stopping,
  viewsPerImage,
} from '@chorus/training';
import { augmentationOf } from '../experiment/augmentation.ts';
import { describeFlaws, type FlawDescription } from '../experiment/flaws.ts';
import type { OptimizerSettings } from '../experiment/optimizer.ts';
import type { Schedule } from '../experiment/schedule.ts';
import { backboneSpecOf, type Experiment, type MemberSpec, variantChoiceOf } from '../experiment/schema.ts';
import { stackerOptionsOf } from '../experiment/stacker-options.ts';
import type { DatasetFacts, FoldFacts } from './dataset-facts.ts';
import { featureBytes } from './feature-bytes.ts';

/** One training of one member. */
export interface PlannedTraining extends FoldFacts {
  /** The member's name, followed by the fold's name if there are several. */
  name: string;
  seed: number;
  /** Whether its model is used in the test and goes into the bundle. */
  keepsWeights: boolean;
}

export interface PlannedMember {
  plan: MemberPlan;
  /** Index of the only lane that may train it, or null for any. */
  pinnedTo: number | null;
  /** The task that computes the features shared by the folds; null if the folds share none. */
  featuresTask: { name: string; seed: number } | null;
  /** In the order of the folds. */
  trainings: PlannedTraining[];
}

/** The plan of a run, as plain data; members are in the order of the experiment. */
export interface TrainingPlan {
  schemaVersion: 1;
  trainingCount: number;
  testCount: number;
  members: PlannedMember[];
  stackers: { kinds: StackerKind[]; options: StackerOptions; seed: number };
  /** Known flaws that the experiment turns on. */
  flaws: FlawDescription[];
}

/**
 * Plans the trainings of an experiment. Pure: the same input gives the same plan.
 *
 * @param facts actual or expected image counts of the split.
 * @param weights initial weights, in the order of the members.
 */
export function planTraining(
  experiment: Experiment,
  facts: DatasetFacts,
  weights: readonly InitialWeights[],
): TrainingPlan {
  const { stackers, seed } = experiment;
  return {
    schemaVersion: 1,
    trainingCount: facts.trainingCount,
    testCount: facts.testCount,
    members: experiment.members.map((member, index) => planMember(member, experiment, facts, weights[index]!)),
    stackers: { kinds: stackers.kinds, options: stackerOptionsOf(experiment), seed },
    flaws: describeFlaws(experiment),
  };
}

/** Names of all training and feature tasks, in the order of the members. */
export function taskNames({ members }: Pick<TrainingPlan, 'members'>): string[] {
  return members.flatMap(({ featuresTask, trainings }) => [
    ...(featuresTask === null ? [] : [featuresTask.name]),
    ...trainings.map(({ name }) => name),
  ]);
}

// --- internal ---

function planMember(
  member: MemberSpec,
  experiment: Experiment,
  facts: DatasetFacts,
  weights: InitialWeights,
): PlannedMember {
  const { recipe, stacking, flaws, testTimeAugmentation } = experiment;
  const backbone = backboneSpecOf(member, experiment);
  const fromStart = weights.kind === 'random' || flaws.wholeFromStart;
  const stages = fromStart
    ? [wholeStage(experiment, member, weights)]
    : [headStage(experiment), ...fineTuneStages(experiment, member)];
  const folds = foldsOf(stacking);
  const features = fromStart ? null : sharedFeatures(experiment, member, folds, facts.trainingCount);
  const nameOf = (fold: Fold) => (folds.length === 1 ? member.name : `${member.name}/${foldName(fold)}`);
  // Seeds depend on names, so that adding or reordering members does not change the seeds of the others.
  const seedOf = (task: string) => seedFor(experiment.seed, task);
  const featuresName = `${member.name}/features`;
  return {
    plan: {
      name: member.name,
      backbone,
      preprocessing: flaws.rawBgr ? 'raw-bgr' : backboneTable[backbone.family].preprocessing.name,
      dropout: recipe.dropout,
      weights,
      initializes: weights.kind === 'random' ? 'all' : 'head',
      stages: stages.map(withPossibleAugmentation),
      features,
      testTimeAugmentation,
    },
    pinnedTo: member.worker ?? null,
    featuresTask: features === null ? null : { name: featuresName, seed: seedOf(featuresName) },
    trainings: facts.folds.map((one) => ({
      name: nameOf(one.fold),
      seed: seedOf(nameOf(one.fold)),
      keepsWeights: one.fold.kind === 'all' || !folds.some(({ kind }) => kind === 'all'),
      ...one,
    })),
  };
}

/** Folds share the features of a frozen backbone, unless the features are too large to keep. */
function sharedFeatures(
  { recipe, testTimeAugmentation, timeBudgetSeconds }: Experiment,
  member: MemberSpec,
  folds: readonly Fold[],
  imageCount: number,
): MemberPlan['features'] {
  // With a time budget, members are ranked by their features, which training then uses.
  if (folds.length === 1 && timeBudgetSeconds === undefined) return null;
  const rowsPerImage = testTimeAugmentation ? 2 : viewsPerImage(augmentationOf(recipe.augmentation));
  if (featureBytes(variantChoiceOf(member), imageCount, rowsPerImage) > activationBudgetBytes) return null;
  return { rowsPerImage, predict: recipe.fineTune.lastLayers === 0 };
}

function headStage(experiment: Experiment): StagePlan {
  return {
    name: 'head',
    trains: 'head',
    batchNorm: 'moving',
    recalibratesBatchNorm: false,
    ...commonParts(experiment, experiment.recipe.head, { startCounts: true }),
    // The conversion to bfloat16 would take longer than multiplying in one layer.
    precision: 'float32',
  };
}

function fineTuneStages(experiment: Experiment, member: MemberSpec): StagePlan[] {
  const { lastLayers, ...settings } = experiment.recipe.fineTune;
  if (lastLayers === 0) return [];
  return [
    {
      name: 'fine-tune',
      trains: lastLayers === 'all' ? 'all' : { lastLayers },
      batchNorm: 'moving',
      recalibratesBatchNorm: false,
      ...commonParts(experiment, settings, { startCounts: true }),
      precision: precisionOf(experiment, member),
    },
  ];
}

function wholeStage(experiment: Experiment, member: MemberSpec, weights: InitialWeights): StagePlan {
  return {
    name: 'whole',
    trains: 'all',
    batchNorm: 'batch',
    recalibratesBatchNorm: weights.kind === 'random',
    ...commonParts(experiment, experiment.recipe.whole, { startCounts: false }),
    precision: precisionOf(experiment, member),
  };
}

interface StageSettings {
  epochCount: number;
  learningRate: number;
  schedule: Schedule;
  optimizer: OptimizerSettings;
  weightDecay: number;
  clipNorm: number | null;
  emaMomentum: number | null;
  patience: number;
  layerDecay?: number;
}

function commonParts(
  { recipe, flaws }: Experiment,
  settings: StageSettings,
  { startCounts }: { startCounts: boolean },
): Omit<StagePlan, 'name' | 'trains' | 'batchNorm' | 'recalibratesBatchNorm' | 'precision'> {
  const { epochCount, learningRate, schedule, patience } = settings;
  const { microBatchSize } = recipe;
  const stopping: Stopping = flaws.lastEpoch ? { keeps: 'last' } : { keeps: 'best', patience, startCounts };
  return {
    loss: { labelSmoothing: recipe.labelSmoothing, fromLogitsOnSigmoid: flaws.fromLogitsOnSigmoid },
    optimizer: optimizerOf(settings),
    learningRate: { value: learningRate, ...schedule },
    augmentation: augmentationOf(recipe.augmentation),
    batchSize: recipe.batchSize,
    ...(microBatchSize === null || microBatchSize === recipe.batchSize ? {} : { microBatchSize }),
    wholeBatchesOnly: flaws.wholeBatchesOnly,
    epochCount,
    stopping,
  };
}

/** Omits what is off. */
function optimizerOf({ optimizer, weightDecay, layerDecay = 1, clipNorm, emaMomentum }: StageSettings): OptimizerPlan {
  return {
    ...optimizer,
    weightDecay,
    ...(layerDecay === 1 ? {} : { layerDecay }),
    ...(clipNorm === null ? {} : { clipNorm }),
    ...(emaMomentum === null ? {} : { emaMomentum }),
  };
}

/** Reduces the augmentation to flips where outputs of frozen layers are computed once per image. */
function withPossibleAugmentation(stage: StagePlan): StagePlan {
  return stage.trains === 'all' ? stage : { ...stage, augmentation: flipsOf(stage.augmentation) };
}

/** Precision of stages that train backbone layers; `auto` is the one that the backbone trains faster in. */
function precisionOf({ runtime }: Experiment, member: MemberSpec): Precision {
  if (runtime.precision !== 'auto') return runtime.precision;
  return backboneMeasurements[member.backbone].isFasterInBfloat16 ? 'bfloat16' : 'float32';
}
