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
  rowsOfViews,
  type StagePlan,
  type Stopping,
  viewsPerImage,
} from '@chorus/training';
import { augmentationOf } from '../experiment/augmentation.ts';
import { cachedCopiesOf } from '../experiment/cached-copies.ts';
import { describeFlaws, type FlawDescription } from '../experiment/flaws.ts';
import { backboneSpecOf, type MemberSpec, variantChoiceOf } from '../experiment/member.ts';
import type { OptimizerSettings } from '../experiment/optimizer.ts';
import type { Schedule } from '../experiment/schedule.ts';
import type { Experiment } from '../experiment/schema.ts';
import { stackerOptionsOf } from '../experiment/stacker-options.ts';
import { type StudentSpec, studentAsMember } from '../experiment/student.ts';
import { mirrors, plannedViewsOf } from '../experiment/test-time-augmentation.ts';
import { gradualBlocks } from '../experiment/unfreeze.ts';
import type { DatasetFacts, FoldFacts } from './dataset-facts.ts';
import { featureBytes } from './feature-bytes.ts';
import { possibleStackers } from './feature-stacker.ts';
import { balancesClasses, type ImbalancePlan, planImbalance, remedyParts } from './imbalance.ts';
import { studentFacts } from './student-fold.ts';

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
  /** The student, which is trained once a stacker is chosen; omitted without one. */
  student?: PlannedMember;
  /** `kinds`: those of the experiment that are possible. */
  stackers: { kinds: StackerKind[]; options: StackerOptions; seed: number; balancesClasses?: true };
  /** Omitted if the numbers of images per class are not known. */
  imbalance?: ImbalancePlan;
  /** Known flaws that the experiment turns on. */
  flaws: FlawDescription[];
}

/**
 * Plans the trainings of an experiment. Pure: the same input gives the same plan.
 *
 * @param facts actual or expected image counts of the split.
 * @param weights initial weights, in the order of {@link modelsOf}.
 */
export function planTraining(
  experiment: Experiment,
  facts: DatasetFacts,
  weights: readonly InitialWeights[],
): TrainingPlan {
  const { stackers, seed, student } = experiment;
  const imbalance = facts.classes && planImbalance(experiment.recipe.imbalance, facts.classes);
  const members = experiment.members.map((member, index) =>
    planMember(member, experiment, facts, weights[index]!, imbalance),
  );
  const kinds = possibleStackers(stackers.kinds, members);
  return {
    schemaVersion: 1,
    trainingCount: facts.trainingCount,
    testCount: facts.testCount,
    members,
    ...(student === null ? {} : { student: planStudent(student, experiment, facts, weights.at(-1)!, imbalance) }),
    stackers: {
      ...{ kinds, options: stackerOptionsOf(experiment), seed },
      ...(balancesClasses(imbalance) ? { balancesClasses: true } : {}),
    },
    ...(imbalance && { imbalance }),
    flaws: describeFlaws(experiment),
  };
}

/** The members and, last, the student. */
export function plannedModels({ members, student }: Pick<TrainingPlan, 'members' | 'student'>): PlannedMember[] {
  return student === undefined ? members : [...members, student];
}

/** Names of all training and feature tasks, in the order of {@link plannedModels}. */
export function taskNames(plan: Pick<TrainingPlan, 'members' | 'student'>): string[] {
  return plannedModels(plan).flatMap(({ featuresTask, trainings }) => [
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
  imbalance: ImbalancePlan | undefined,
  sharesFeatures = readsFeaturesTwice(experiment),
): PlannedMember {
  const { recipe, stacking, flaws } = experiment;
  const backbone = backboneSpecOf(member, experiment);
  const fromStart = weights.kind === 'random' || flaws.wholeFromStart;
  const stages = fromStart
    ? [wholeStage(experiment, member, weights)]
    : [headStage(experiment), ...fineTuneStages(experiment, member)];
  const folds = foldsOf(stacking);
  const features = fromStart || !sharesFeatures ? null : sharedFeatures(experiment, member, facts.trainingCount);
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
      stages: stages.map((stage) => withRemedy(withPossibleAugmentation(stage, recipe), imbalance)),
      features,
      testTimeAugmentation: plannedViewsOf(experiment),
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

/**
 * Plans the training of the student: as that of a member on all training images, with another loss. A remedy for classes of unequal
 * size changes the loss of the labels only, since the ensemble's probabilities are already those for equally frequent classes.
 */
function planStudent(
  student: StudentSpec,
  experiment: Experiment,
  facts: DatasetFacts,
  weights: InitialWeights,
  imbalance: ImbalancePlan | undefined,
): PlannedMember {
  const { temperature, labelShare, recipe = experiment.recipe } = student;
  const planned = planMember(
    studentAsMember(student),
    // It has no out-of-fold images, of which crops would be predicted.
    { ...experiment, recipe, stacking: { kind: 'training-images' }, testTimeAugmentation: mirrors(experiment) },
    { ...facts, folds: [studentFacts(facts.folds)] },
    weights,
    imbalance,
    // All lanes compute the features, and later runs read them.
    true,
  );
  const stages = planned.plan.stages.map((stage) => ({
    ...stage,
    loss: { ...stage.loss, distillation: { temperature, labelShare } },
  }));
  return { ...planned, plan: { ...planned.plan, stages } };
}

/** Whether features of the training images have several uses: folds, a stacker, or with a time budget the ranking of members. */
function readsFeaturesTwice({ recipe, stackers, stacking, timeBudgetSeconds }: Experiment): boolean {
  const isStacked = recipe.fineTune.lastLayers === 0 && stackers.kinds.includes('features');
  return foldsOf(stacking).length > 1 || isStacked || timeBudgetSeconds !== undefined;
}

/** The features of a frozen backbone, unless they are too large to keep. */
function sharedFeatures(
  { recipe, ...experiment }: Experiment,
  member: MemberSpec,
  imageCount: number,
): MemberPlan['features'] {
  const planned = plannedViewsOf(experiment);
  // Training images may be flipped, even if predictions average no views.
  const layout = rowsOfViews(planned === false ? viewsPerImage(augmentationOf(recipe.augmentation)) === 2 : planned);
  const { epochCount } = recipe.head;
  const copies = cachedCopiesOf(augmentationOf(recipe.augmentation), { ...recipe, epochCount });
  const bytes = featureBytes(variantChoiceOf(member), imageCount, layout.rowsPerImage + (copies?.count ?? 0));
  if (bytes > activationBudgetBytes) return null;
  return { ...layout, ...(copies && { cachedCopies: copies }), predict: recipe.fineTune.lastLayers === 0 };
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
  const { lastLayers, unfreeze, ...settings } = experiment.recipe.fineTune;
  if (lastLayers === 0) return [];
  const stage: StagePlan = {
    name: 'fine-tune',
    trains: lastLayers === 'all' ? 'all' : { lastLayers },
    batchNorm: 'moving',
    recalibratesBatchNorm: false,
    ...commonParts(experiment, settings, { startCounts: true }),
    precision: precisionOf(experiment, member),
  };
  if (unfreeze === 'at-once') return [stage];
  const { blockCount } = backboneMeasurements[member.backbone];
  const gradual = gradualBlocks(blockCount, stage.epochCount);
  return [
    ...gradual.map(
      (lastBlocks): StagePlan => ({ ...stage, name: `unfreeze-${lastBlocks}`, trains: { lastBlocks }, epochCount: 1 }),
    ),
    { ...stage, epochCount: stage.epochCount - gradual.length },
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
  soup: number | null;
  layerDecay?: number;
}

function commonParts(
  { recipe, flaws }: Experiment,
  settings: StageSettings,
  { startCounts }: { startCounts: boolean },
): Omit<StagePlan, 'name' | 'trains' | 'batchNorm' | 'recalibratesBatchNorm' | 'precision'> {
  const { epochCount, learningRate, schedule } = settings;
  const { microBatchSize } = recipe;
  const stopping: Stopping = flaws.lastEpoch ? { keeps: 'last' } : { ...keptOf(settings), startCounts };
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

function keptOf({ patience, soup }: StageSettings) {
  return soup === null
    ? ({ keeps: 'best', patience } as const)
    : ({ keeps: 'soup', mostEpochs: soup, patience } as const);
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

/** Reduces the augmentation to flips and cached copies where outputs of frozen layers are computed once per image. */
function withPossibleAugmentation(stage: StagePlan, { cachedCopies }: Experiment['recipe']): StagePlan {
  const { trains, augmentation, epochCount } = stage;
  // A gradual stage has one epoch, for which nothing has to be kept.
  if (trains === 'all' || (typeof trains === 'object' && 'lastBlocks' in trains)) return stage;
  const copies = cachedCopiesOf(augmentation, { cachedCopies, epochCount });
  return { ...stage, augmentation: flipsOf(augmentation), ...(copies && { cachedCopies: copies }) };
}

/** Adds what a stage does about classes of unequal size. */
function withRemedy(stage: StagePlan, imbalance: ImbalancePlan | undefined): StagePlan {
  const { loss, stage: parts } = remedyParts(imbalance);
  return { ...stage, loss: { ...stage.loss, ...loss }, ...parts };
}

/** Precision of stages that train backbone layers; `auto` is the one that the backbone trains faster in. */
function precisionOf({ runtime }: Experiment, member: MemberSpec): Precision {
  if (runtime.precision !== 'auto') return runtime.precision;
  return backboneMeasurements[member.backbone].isFasterInBfloat16 ? 'bfloat16' : 'float32';
}
