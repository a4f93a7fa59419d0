/** What to do next, from the results of a run. */
import type { Report } from '@chorus/orchestration';
import { count, duration, integer, listOf, number, percent } from './format.ts';

export interface NextStep {
  /** What was found, in a sentence. */
  finding: string;
  /** What to do about it. */
  advice: string;
  /** A place on the page that shows more. */
  place?: string;
}

/** At most so many, the most important first. */
const mostSteps = 6;

/** Adjusted p-values below this are significant. */
const significance = 0.05;

/** Advice that follows from the figures of a report; empty if nothing stands out. */
export function nextSteps(report: Report): NextStep[] {
  return [...failures(report), ...labels(report), ...copies(report), ...size(report), ...data(report)].slice(
    0,
    mostSteps,
  );
}

// --- internal ---

function failures({ members, dataset, demo, flaws }: Report): NextStep[] {
  const failed = members.filter(({ status }) => status === 'failed').map(({ name }) => name);
  const unusable = dataset.skipped.filter(({ kind }) => kind === 'image').length;
  return [
    ...(demo
      ? [
          {
            finding: 'The images are drawn or the initial weights are random.',
            advice: 'Train on your own photographs with --data FOLDER; the figures on this page do not apply to them.',
          },
        ]
      : []),
    ...(failed.length > 0
      ? [
          {
            finding: `${listOf(failed)} failed.`,
            advice: 'Read the reason, then resume the run with --resume: it trains the missing members.',
            place: 'members',
          },
        ]
      : []),
    ...(flaws.some(({ flatters }) => flatters)
      ? [
          {
            finding: 'The procedure has flaws that make these figures look better than they are.',
            advice: 'Use another preset for a classifier that you rely on.',
            place: 'provenance',
          },
        ]
      : []),
    ...(unusable > 0
      ? [
          {
            finding: `${count(unusable, 'image')} could not be used.`,
            advice: 'Repair, convert or remove them.',
            place: 'skipped',
          },
        ]
      : []),
  ];
}

function labels({ labelAudit }: Report): NextStep[] {
  const training = labelAudit?.training?.implausible ?? 0;
  const test = labelAudit?.test.implausible ?? 0;
  if (training + test === 0) return [];
  const sets = [
    ...(training > 0 ? [`${integer(training)} in the training set`] : []),
    ...(test > 0 ? [`${integer(test)} in the test set`] : []),
  ];
  const one = training + test === 1;
  return [
    {
      finding: `${count(training + test, 'label')} look${one ? 's' : ''} wrong (${listOf(sets)}).`,
      advice: one
        ? 'Look at the picture; move it to the right folder if its label is wrong, or leave it out with data.exclude and label-issues.csv.'
        : 'Look at the pictures; move the images with wrong labels to the right folder, or leave them out with data.exclude and label-issues.csv.',
      place: 'labels',
    },
  ];
}

function copies({ dataset }: Report): NextStep[] {
  const contradicting = dataset.duplicates.filter((group) => group.labels.length > 1).length;
  const leaking = dataset.duplicates.filter(
    ({ splits, action }) => action === 'reported' && splits.length > 1 && splits.includes('test'),
  ).length;
  return [
    ...(contradicting > 0
      ? [
          {
            finding: `${count(contradicting, 'picture')} occur${contradicting === 1 ? 's' : ''} in more than one class.`,
            advice: 'Keep each picture in one class: at least one of its labels is wrong.',
            place: 'duplicates',
          },
        ]
      : []),
    ...(leaking > 0
      ? [
          {
            finding: `${count(leaking, 'test picture')} ${leaking === 1 ? 'is' : 'are'} also in the training set.`,
            advice: 'Set data.duplicates to group or drop: the test flatters the classifier.',
            place: 'duplicates',
          },
        ]
      : []),
  ];
}

function size({ stackers, members, bestMember, costs }: Report): NextStep[] {
  const chosen = stackers.find((stacker) => stacker.chosen);
  const single = members.find(({ name }) => name === bestMember);
  const cost = costs?.members.find(({ name }) => name === bestMember);
  if (chosen === undefined || !single?.test || cost === undefined || costs === null) return [];
  if (members.filter(({ predictsWith }) => predictsWith !== null).length < 2) return [];
  if (chosen.mcnemar.pHolm < significance && chosen.test.correct > single.test.correct) return [];
  const share = costs.ensemble.megabytes === 0 ? 1 : cost.megabytes / costs.ensemble.megabytes;
  return [
    {
      finding: `${single.name} alone ${single.test.correct < chosen.test.correct ? 'is not significantly less accurate' : 'does as well'}: ${percent(single.test.accuracy)} against ${percent(chosen.test.accuracy)} on ${count(chosen.test.count, 'image')}.`,
      advice: `${single.name} has ${number(cost.megabytes)} MB of the ensemble's ${number(costs.ensemble.megabytes)} MB (${percent(share, 0)}); if size or speed matters, use it alone.`,
      place: 'cost',
    },
  ];
}

function data({ stackers, baseline, lanesBusy, lanes, seconds, analysis }: Report): NextStep[] {
  const chosen = stackers.find((stacker) => stacker.chosen);
  if (chosen === undefined) return [];
  const { test } = chosen;
  const [low, high] = test.wilson95;
  const weakest = test.perClass
    .filter(({ recall, count: images }) => recall !== null && images >= 5)
    .toSorted((a, b) => a.recall! - b.recall!)[0];
  // Two members that each lower the mean may not do so together. Other stackers weigh the members.
  const worst = chosen.kind === 'mean' ? analysis?.members.toSorted((a, b) => a.gain - b.gain)[0] : undefined;
  return [
    ...(low <= baseline
      ? [
          {
            finding: 'The ensemble is not significantly better than always predicting the most frequent class.',
            advice: 'Check the labels and collect more images before using it.',
            place: 'classes',
          },
        ]
      : []),
    ...(weakest !== undefined && test.perClass.length > 2 && weakest.recall! < test.accuracy - 0.05
      ? [
          {
            finding: `${weakest.class} is recognized least often: ${percent(weakest.recall)} of its test images.`,
            advice: 'More training images of this class help most.',
            place: 'classes',
          },
        ]
      : []),
    ...(high - low > 0.06
      ? [
          {
            finding: `With ${count(test.count, 'test image')}, the accuracy is only known to be between ${percent(low)} and ${percent(high)}.`,
            advice: 'Test on more images before comparing settings.',
          },
        ]
      : []),
    ...(worst !== undefined && worst.gain < 0
      ? [
          {
            finding: `The mean of the members has a lower log loss without ${worst.name}.`,
            advice: 'Leave it out, or set maxMembers to let Chorus choose.',
            place: 'members',
          },
        ]
      : []),
    ...(lanesBusy !== null && lanesBusy < 0.6 && lanes.length > 1 && seconds.members > 60
      ? [
          {
            finding: `The devices were idle ${percent(1 - lanesBusy, 0)} of the ${duration(seconds.members)} of training.`,
            advice: 'Use fewer lanes, or members of similar size.',
            place: 'lanes',
          },
        ]
      : []),
  ];
}
