/** Builds the report of a run. */

import { type Fold, foldName } from '@chorus/data';
import { majorityShare, type Score, scoreWithPauses } from '@chorus/evaluation';
import { variantOf } from '@chorus/models';
import { type MemberPlan, recipeOf, retryText } from '@chorus/training';
import { choicesOf } from '../experiment/presets/presets.ts';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
import type { Lane } from '../lanes/lane.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { completeReport, reportStackers, type TestOutputs } from '../report/build.ts';
import { imageSizes } from '../report/image-sizes.ts';
import { sampleImages } from '../report/sample-images.ts';
import type { ImageCounts, MemberReport, Report, StudentReport } from '../report/schema.ts';
import type { TimeBudgetReport } from '../report/time-budget.ts';
import type { EnsembleChoice } from '../stacking/choose-ensemble.ts';
import { type Dataset, labelsOf } from './dataset.ts';
import { type RecordedIncident, restartsOf } from './incident-record.ts';
import type { RunStart } from './run-folder.ts';
import type { Slices } from './slices.ts';
import { busyShare, laneTimes, type Timeline } from './timeline.ts';
import type { FinishedOutcome } from './train-members.ts';

/** The state of a run after its members have been trained. */
export interface RunParts {
  start: RunStart;
  dataset: Dataset;
  counts: ImageCounts;
  demo: boolean;
  plan: TrainingPlan;
  /** See the key of the same name in the report. */
  testImagesReadBeforeChoice: number;
  /** Of the members of the plan. */
  outcomes: readonly FinishedOutcome[];
  /** The outcome of the student's training, if the plan has a student. */
  student?: FinishedOutcome | undefined;
  /** Describes the time budget at the end of the run, from the outcome of the student, if there is one. */
  timeBudget?: ((student: FinishedOutcome | undefined) => TimeBudgetReport) | undefined;
  lanes: readonly Pick<Lane, 'device' | 'compute' | 'work'>[];
  /** Why earlier processes of the run ended. */
  incidents: readonly RecordedIncident[];
  timeline: Timeline;
}

/** What idle lanes wait for in each phase of a run. */
export const phaseNames = {
  prepare: 'finding weights, data and devices',
  decode: 'decoding images',
  members: 'other lanes, or checking finished members',
  stack: 'the stackers',
  student: 'the training of the student on another lane',
  test: 'testing members on other lanes',
  write: 'writing the bundle and the report',
} as const;

/** The report of a run with an ensemble. */
export async function reportWithEnsemble(
  parts: RunParts,
  { choice, memberScores, kept }: Pick<EnsembleChoice, 'choice' | 'memberScores' | 'kept'>,
  test: TestOutputs,
  {
    student,
    ...sections
  }: Pick<
    Report,
    'mistakes' | 'labelAudit' | 'analysis' | 'testTimeAugmentation' | 'costs' | 'pruning' | 'stackerNotes'
  > & {
    student: StudentScores | undefined;
  },
  slices: Slices,
): Promise<Report> {
  const { classes } = parts.dataset;
  const bestMember = kept[choice.bestMember]!;
  const scores = new Map<string, Score>();
  for (const [name, probabilities] of test.members)
    scores.set(name, await scoreWithPauses(probabilities, test.labels, classes, () => slices.pause()));
  const stackers = await reportStackers(choice, bestMember, test, classes, slices);
  return completeReport({
    ...commonParts(parts),
    members: memberReports(parts, (name) => ({
      outOfFold: memberScores.get(name) ?? null,
      test: scores.get(name) ?? null,
    })),
    bestMember,
    stackers,
    ...sections,
    ...studentSection(parts, student),
  });
}

/** The student on the test images. */
export type StudentScores = Pick<StudentReport, 'test' | 'comparison' | 'cost'>;

/** The report of a run with too few finished members. */
export function reportWithoutEnsemble(parts: RunParts): Report {
  return completeReport({
    ...commonParts(parts),
    members: memberReports(parts, () => ({ outOfFold: null, test: null })),
    bestMember: null,
    stackers: [],
    mistakes: [],
    labelAudit: null,
    analysis: null,
    testTimeAugmentation: null,
    costs: null,
    pruning: null,
    stackerNotes: [],
  });
}

// --- internal ---

function commonParts({ start, dataset, counts, demo, lanes, timeline, plan, ...parts }: RunParts) {
  const { experiment } = start;
  timeline.end(phaseNames.write);
  const secondsOf = (waitingFor: string) =>
    timeline.phases.reduce(
      (sum, phase) => (phase.waitingFor === waitingFor ? sum + (phase.finishedAtMs - phase.startedAtMs) / 1000 : sum),
      0,
    );
  return {
    experiment: { preset: start.preset, versions: start.versions, ...experiment },
    edits: start.edits ?? [],
    demo,
    flaws: plan.flaws,
    choices: [...choicesOf(start.preset)],
    dataset: {
      name: dataset.name,
      classes: dataset.classes,
      counts,
      inputSizes: inputSizesOf(experiment),
      splits: dataset.found.splits,
      skipped: dataset.skipped,
      hidden: { count: dataset.found.hidden.length, paths: dataset.found.hidden.slice(0, 20) },
      beyondLimit: dataset.found.beyondLimit,
      notices: dataset.found.notices,
      duplicates: dataset.duplicates,
      duplicatesComplete: dataset.duplicatesComplete,
      sizes: imageSizes(dataset, inputSizesOf(experiment).at(-1)!),
      sample: sampleImages(dataset, experiment.seed),
    },
    testImagesReadBeforeChoice: parts.testImagesReadBeforeChoice,
    imbalance: plan.imbalance ?? null,
    baseline: majorityShare(labelsOf(dataset, dataset.split.test), dataset.classes.length),
    stacking: describeStacking(experiment.stacking, counts),
    lanes: lanes.map(({ device, compute, work }) => ({
      ...laneTimes(device, work, timeline.phases),
      forward: compute.forward.engine,
    })),
    timeBudget: parts.timeBudget?.(parts.student) ?? null,
    restarts: restartsOf(parts.incidents),
    lanesBusy: busyShareOf(lanes, timeline),
    seconds: {
      prepare: secondsOf(phaseNames.prepare),
      decode: secondsOf(phaseNames.decode),
      members: secondsOf(phaseNames.members),
      stack: secondsOf(phaseNames.stack),
      ...(plan.student === undefined ? {} : { student: secondsOf(phaseNames.student) }),
      test: secondsOf(phaseNames.test),
      total: timeline.seconds,
    },
    // Lanes are threads, so this process uses all of the run's memory.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function busyShareOf(lanes: RunParts['lanes'], { phases }: Timeline): number | null {
  const members = phases.find(({ waitingFor }) => waitingFor === phaseNames.members);
  return members === undefined ? null : busyShare(lanes, members);
}

function describeStacking(stacking: Experiment['stacking'], { folds }: ImageCounts): string {
  switch (stacking.kind) {
    case 'holdout':
      return `${folds[0]!.outOfFold} images were held out from every member for the stackers`;
    case 'training-images':
      return "the stackers were trained on the members' own training images";
    case 'kfold':
      return `each member was trained once without each of ${stacking.folds} folds, and the stackers were trained on its predictions for that fold (${folds.reduce((sum, { outOfFold }) => sum + outOfFold, 0)} images); ${
        stacking.members === 'refit'
          ? 'the members in the bundle were trained once more, on all folds'
          : 'the members in the bundle average the models of the folds'
      }`;
  }
}

function memberReports(
  { plan, outcomes }: Pick<RunParts, 'plan' | 'outcomes'>,
  scores: (name: string) => Pick<MemberReport, 'outOfFold' | 'test'>,
): MemberReport[] {
  return plan.members.map(({ plan: member }, index) => {
    const report = { ...trainingReport(member, outcomes[index]!), ...scores(member.name) };
    // An ensemble tests the members that it keeps.
    const isDropped = report.outOfFold !== null && report.test === null;
    return isDropped ? { ...report, predictsWith: null } : report;
  });
}

function studentSection(
  { plan, student }: Pick<RunParts, 'plan' | 'student'>,
  scores: StudentScores | undefined,
): Pick<Report, 'student'> {
  if (plan.student === undefined || student === undefined) return {};
  const { plan: member } = plan.student;
  return {
    student: {
      ...trainingReport(member, student),
      ...member.stages[0]!.loss.distillation!,
      ...(scores ?? { test: null, comparison: null, cost: null }),
    },
  };
}

/** What the report says about a model's training. */
function trainingReport(member: MemberPlan, outcome: FinishedOutcome): Omit<MemberReport, 'outOfFold' | 'test'> {
  // As in the reasons of failures.
  const foldText = (fold: Fold) => (outcome.trainings.length === 1 ? '' : `${foldName(fold)}: `);
  const common = {
    name: member.name,
    backbone: `${member.backbone.family} ${variantOf(member.backbone).name}`,
    inputSize: member.backbone.inputSize,
    seconds: outcome.seconds,
    trainings: outcome.trainings.map(({ fold, record, resumed, difference }) => {
      const { device, backingDevice, precision, seconds, soups, retry } = record;
      return {
        ...{ fold, device, backingDevice, precision, seconds },
        ...(soups && { soups }),
        ...(retry && { retry: { ...retry, text: `${foldText(fold)}${retryText(retry)}` } }),
        resumed,
        ...(difference && { otherPlan: difference }),
      };
    }),
  };
  if (outcome.status === 'failed')
    return {
      ...common,
      status: 'failed',
      reason: outcome.reason,
      failedOn: outcome.device,
      predictsWith: null,
      weights: null,
      recipe: recipeOf(member),
    };
  const { recipe, weights: initial } = outcome.trainings[0]!.record;
  const models = outcome.trainings.filter(({ keepsWeights }) => keepsWeights);
  return {
    ...common,
    status: 'done',
    predictsWith:
      models.length === 1 ? `the model of ${foldName(models[0]!.fold)}` : `the mean of ${models.length} models`,
    weights: initial,
    recipe,
  };
}
