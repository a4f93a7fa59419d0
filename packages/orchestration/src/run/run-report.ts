/** From what a run found out to its report. */

import type { InitialWeights } from '../lanes/protocol.ts';
import { completeReport, findMistakes, majorityShare, reportStackers, type TestOutputs } from '../report/build.ts';
import type { MemberReport, Report } from '../report/schema.ts';
import type { Choice } from '../stacking/choose.ts';
import { scoreProbabilities } from '../statistics/score.ts';
import { type Dataset, labelsOf } from './dataset.ts';
import type { RunStart } from './run-folder.ts';
import type { MemberOutcome } from './train-members.ts';

/** What is known once the members have been trained. */
export interface RunParts {
  start: RunStart;
  dataset: Dataset;
  counts: Report['dataset']['counts'];
  demo: boolean;
  weights: readonly InitialWeights[];
  outcomes: readonly MemberOutcome[];
  membersSeconds: number;
  startedAtMs: number;
}

/** The report of a run that came to an ensemble. */
export function reportWithEnsemble(
  parts: RunParts,
  choice: Choice,
  doneNames: readonly string[],
  test: TestOutputs,
  stackSeconds: number,
): Report {
  const { classes } = parts.dataset;
  const bestMember = doneNames[choice.bestMember]!;
  return completeReport({
    ...commonParts(parts, stackSeconds),
    members: memberReports(parts, (name) => {
      const position = doneNames.indexOf(name);
      return position === -1
        ? { heldOut: null, test: null }
        : {
            heldOut: choice.members[position]!,
            test: scoreProbabilities(test.members.get(name)!, test.labels, classes),
          };
    }),
    bestMember,
    stackers: reportStackers(choice, bestMember, test, classes),
    mistakes: findMistakes(test.stackers.get(choice.chosen)!, test, classes),
  });
}

/** The report of a run with too few finished members. */
export function reportWithoutEnsemble(parts: RunParts): Report {
  return completeReport({
    ...commonParts(parts, 0),
    members: memberReports(parts, () => ({ heldOut: null, test: null })),
    bestMember: null,
    stackers: [],
    mistakes: [],
  });
}

// --- internal ---

function commonParts({ start, dataset, counts, demo, membersSeconds, startedAtMs }: RunParts, stackSeconds: number) {
  return {
    experiment: { preset: start.preset, versions: start.versions, ...start.experiment },
    demo,
    dataset: {
      name: dataset.name,
      classes: dataset.classes,
      counts,
      skipped: dataset.skipped,
      duplicates: dataset.duplicates,
    },
    baseline: majorityShare(labelsOf(dataset, dataset.split.test), dataset.classes.length),
    seconds: {
      decode: dataset.decodeSeconds,
      members: membersSeconds,
      stack: stackSeconds,
      total: (Date.now() - startedAtMs) / 1000,
    },
    // Lanes are threads: the process is all there is.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function memberReports(
  { start, outcomes, weights }: RunParts,
  scores: (name: string) => Pick<MemberReport, 'heldOut' | 'test'>,
): MemberReport[] {
  return start.experiment.members.map((member, index): MemberReport => {
    const outcome = outcomes[index]!;
    const common = { name: member.name, backbone: `${member.backbone} ${member.alpha}`, ...scores(member.name) };
    if (outcome.status === 'failed')
      return {
        ...common,
        device: outcome.device,
        backingDevice: null,
        status: 'failed',
        reason: outcome.reason,
        seconds: outcome.seconds,
        weights: null,
        recipe: weights[index]!.kind === 'random' ? 'scratch' : 'transfer',
        resumed: false,
      };
    const { device, backingDevice, seconds, recipe, weights: initial } = outcome.trained.record;
    return {
      ...common,
      device,
      backingDevice,
      status: 'done',
      seconds,
      weights: initial,
      recipe,
      resumed: outcome.resumed,
    };
  });
}
