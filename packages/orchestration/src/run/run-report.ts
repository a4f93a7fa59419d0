/** From what a run found out to its report. */
import { variantOf } from '@chorus/models';
import { describeFlaws } from '../experiment/flaws.ts';
import { choicesOf } from '../experiment/presets/presets.ts';
import { type Experiment, inputSizeOf, inputSizesOf, variantChoiceOf } from '../experiment/schema.ts';
import type { Lane } from '../lanes/lane.ts';
import type { InitialWeights } from '../lanes/protocol.ts';
import { laneTimes, type Timeline } from '../lanes/timeline.ts';
import { completeReport, findMistakes, majorityShare, reportStackers, type TestOutputs } from '../report/build.ts';
import type { ImageCounts, MemberReport, Report } from '../report/schema.ts';
import type { Choice } from '../stacking/choose.ts';
import { type Score, scoreWithPauses } from '../statistics/score.ts';
import { type Dataset, labelsOf } from './dataset.ts';
import type { RunStart } from './run-folder.ts';
import type { Slices } from './slices.ts';
import { type MemberOutcome, predictsLater } from './train-members.ts';

/** What is known once the members have been trained. */
export interface RunParts {
  start: RunStart;
  dataset: Dataset;
  counts: ImageCounts;
  demo: boolean;
  weights: readonly InitialWeights[];
  outcomes: readonly MemberOutcome[];
  lanes: readonly Pick<Lane, 'device' | 'work'>[];
  timeline: Timeline;
}

/** What lanes wait for in the phases of a run, in their order. */
export const phaseNames = {
  prepare: 'weights, data and devices to be found',
  decode: 'images to be decoded',
  members: 'other lanes, or finished members to be checked',
  stack: 'the stackers',
  test: 'members on other lanes to be tested',
  write: 'the bundle and the report to be written',
} as const;

/** The report of a run that came to an ensemble. */
export async function reportWithEnsemble(
  parts: RunParts,
  choice: Choice,
  doneNames: readonly string[],
  test: TestOutputs,
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
    mistakes: findMistakes(test.stackers.get(choice.chosen)!, test, classes),
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
  });
}

// --- internal ---

function commonParts({ start, dataset, counts, demo, lanes, timeline }: RunParts) {
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
    flaws: describeFlaws(experiment),
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
    baseline: majorityShare(labelsOf(dataset, dataset.split.test), dataset.classes.length),
    stacking: describeStacking(experiment.stacking, counts),
    lanes: lanes.map(({ device, work }) => laneTimes(device, work, timeline.phases)),
    seconds: {
      prepare: secondsOf(phaseNames.prepare),
      decode: secondsOf(phaseNames.decode),
      members: secondsOf(phaseNames.members),
      stack: secondsOf(phaseNames.stack),
      test: secondsOf(phaseNames.test),
      total: timeline.seconds,
    },
    // Lanes are threads: the process is all there is.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function describeStacking(stacking: Experiment['stacking'], { parts }: ImageCounts): string {
  switch (stacking.kind) {
    case 'holdout':
      return `${parts[0]!.outOfFold} images were held out from every member for the stackers`;
    case 'training-images':
      return "the stackers learnt from the members' own training images";
    case 'kfold':
      return `each member was trained on ${stacking.folds} folds and answered for the stackers on the fold that it had not seen (${parts.reduce((sum, { outOfFold }) => sum + outOfFold, 0)} images); ${
        stacking.members === 'refit'
          ? 'the bundle has members trained once more, without holding a fold out'
          : "the bundle's members are the mean of the folds' models"
      }`;
  }
}

function memberReports(
  { start, outcomes, weights }: RunParts,
  scores: (name: string) => Pick<MemberReport, 'outOfFold' | 'test'>,
): MemberReport[] {
  const { experiment } = start;
  return experiment.members.map((member, index): MemberReport => {
    const outcome = outcomes[index]!;
    const common = {
      name: member.name,
      backbone: `${member.backbone} ${variantOf(variantChoiceOf(member)).name}`,
      inputSize: inputSizeOf(member, experiment),
      ...scores(member.name),
      seconds: outcome.seconds,
      trainings: outcome.trainings.map(({ part, record, resumed }) => {
        const { device, backingDevice, precision, seconds } = record;
        return { part, device, backingDevice, precision, seconds, resumed };
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
        recipe: weights[index]!.kind === 'random' || experiment.flaws.wholeFromStart ? 'whole' : 'transfer',
      };
    const { recipe, weights: initial } = outcome.trainings[0]!.record;
    const models = outcome.trainings.filter(({ part }) => predictsLater(part, experiment.stacking));
    return {
      ...common,
      status: 'done',
      predictsWith: models.length === 1 ? `the model of ${models[0]!.part}` : `the mean of ${models.length} models`,
      weights: initial,
      recipe,
    };
  });
}
