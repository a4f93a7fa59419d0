/** Builds the report of a run. */

import { foldName } from '@chorus/data';
import { majorityShare, type Score, scoreWithPauses } from '@chorus/evaluation';
import { variantOf } from '@chorus/models';
import { recipeOf } from '@chorus/training';
import { choicesOf } from '../experiment/presets/presets.ts';
import { type Experiment, inputSizesOf } from '../experiment/schema.ts';
import type { Lane } from '../lanes/lane.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { completeReport, reportMistakes, reportStackers, type TestOutputs } from '../report/build.ts';
import type { ImageCounts, MemberReport, Report } from '../report/schema.ts';
import type { TimeBudgetReport } from '../report/time-budget.ts';
import type { Choice } from '../stacking/choose.ts';
import { type Dataset, labelsOf } from './dataset.ts';
import type { RunStart } from './run-folder.ts';
import type { Slices } from './slices.ts';
import { busyShare, laneTimes, type Timeline } from './timeline.ts';
import type { MemberOutcome } from './train-members.ts';

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
  outcomes: readonly Exclude<MemberOutcome, { status: 'cut' }>[];
  /** Describes the time budget at the end of the run. */
  timeBudget?: (() => TimeBudgetReport) | undefined;
  lanes: readonly Pick<Lane, 'device' | 'compute' | 'work'>[];
  timeline: Timeline;
}

/** What idle lanes wait for in each phase of a run. */
export const phaseNames = {
  prepare: 'finding weights, data and devices',
  decode: 'decoding images',
  members: 'other lanes, or checking finished members',
  stack: 'the stackers',
  test: 'testing members on other lanes',
  write: 'writing the bundle and the report',
} as const;

/** The report of a run with an ensemble. */
export async function reportWithEnsemble(
  parts: RunParts,
  choice: Choice,
  doneNames: readonly string[],
  test: TestOutputs,
  { labelAudit, analysis }: Pick<Report, 'labelAudit' | 'analysis'>,
  slices: Slices,
): Promise<Report> {
  const { classes } = parts.dataset;
  const bestMember = doneNames[choice.bestMember]!;
  const scores = new Map<string, Score>();
  for (const [name, probabilities] of test.members)
    scores.set(name, await scoreWithPauses(probabilities, test.labels, classes, () => slices.pause()));
  const stackers = await reportStackers(choice, bestMember, test, classes, slices);
  return completeReport({
    ...commonParts(parts),
    members: memberReports(parts, (name) => {
      const position = doneNames.indexOf(name);
      return position === -1
        ? { outOfFold: null, test: null }
        : {
            outOfFold: choice.members[position]!,
            test: scores.get(name)!,
          };
    }),
    bestMember,
    stackers,
    mistakes: reportMistakes(choice, test, classes),
    labelAudit,
    analysis,
  });
}

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
    },
    testImagesReadBeforeChoice: parts.testImagesReadBeforeChoice,
    baseline: majorityShare(labelsOf(dataset, dataset.split.test), dataset.classes.length),
    stacking: describeStacking(experiment.stacking, counts),
    lanes: lanes.map(({ device, compute, work }) => ({
      ...laneTimes(device, work, timeline.phases),
      forward: compute.forward.engine,
    })),
    timeBudget: parts.timeBudget?.() ?? null,
    lanesBusy: busyShareOf(lanes, timeline),
    seconds: {
      prepare: secondsOf(phaseNames.prepare),
      decode: secondsOf(phaseNames.decode),
      members: secondsOf(phaseNames.members),
      stack: secondsOf(phaseNames.stack),
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
  { plan, outcomes }: RunParts,
  scores: (name: string) => Pick<MemberReport, 'outOfFold' | 'test'>,
): MemberReport[] {
  return plan.members.map(({ plan: member }, index): MemberReport => {
    const outcome = outcomes[index]!;
    const common = {
      name: member.name,
      backbone: `${member.backbone.family} ${variantOf(member.backbone).name}`,
      inputSize: member.backbone.inputSize,
      ...scores(member.name),
      seconds: outcome.seconds,
      trainings: outcome.trainings.map(({ fold, record, resumed }) => {
        const { device, backingDevice, precision, seconds } = record;
        return { fold, device, backingDevice, precision, seconds, resumed };
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
  });
}
