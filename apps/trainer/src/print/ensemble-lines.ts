/** Lines about the ensemble below the leaderboard. */
import type { Report } from '@chorus/orchestration';
import { balancesClasses } from './imbalance-line.ts';
import { balancedLine } from './score-cells.ts';

/** Scores of the ensemble that count every class equally, if the classes differ much in their number of test images. */
export function balancedLines({
  stackers,
  baseline,
  dataset,
}: Pick<Report, 'stackers' | 'baseline' | 'dataset'>): string[] {
  const chosen = stackers.find((stacker) => stacker.chosen);
  const isImbalanced = baseline * dataset.classes.length > 1.5;
  return chosen !== undefined && isImbalanced ? [`the ensemble's ${balancedLine(chosen.test)}`] : [];
}

/** Which images to leave to a human for 99 % accuracy; no line if the ensemble reaches it on all images, or not at all. */
export function sureAnswersLine(analysis: Report['analysis']): string[] {
  const answers = analysis?.answers.find(({ wanted }) => wanted === 0.99);
  if (!analysis || !answers || answers.threshold === null) return [];
  const { threshold, outOfFold, test } = answers;
  if (outOfFold === null || test === null || test.coverage === 1) return [];
  const { images } = analysis;
  const known = `reached on ${Math.round(outOfFold.coverage * images.outOfFold)} of ${images.outOfFold} out-of-fold images`;
  return [
    `for 99 % accuracy (${known}), accept predictions with a probability of at least ${roundedUp(threshold)}: ${accepted(test, images.test)}`,
  ];
}

/** The calibration of the ensemble, whose scores the leaderboard has for the chosen stacker; no line without one. */
export function calibrationLine({ analysis, imbalance }: Pick<Report, 'analysis' | 'imbalance'>): string[] {
  if (!analysis || analysis.calibration.applied === 'none') return [];
  const { applied, test, crossValidated } = analysis.calibration;
  // A calibration for equally frequent classes may increase the log loss of images as they are.
  const [name, without, after] =
    balancesClasses(imbalance) && crossValidated
      ? [balancedLoss, crossValidated.none, crossValidated[applied]!]
      : ['log loss', test.before.logLoss, (applied === 'vector' ? test.vector! : test.after).logLoss];
  return [
    `the ensemble is calibrated by ${applied} scaling: ${name} ${without.toFixed(4)} without, ${after.toFixed(4)} with it`,
  ];
}

/** Which views of an image the ensemble averages, if the run chose them. */
export function viewsLine({
  testTimeAugmentation,
  imbalance,
}: Pick<Report, 'testTimeAugmentation' | 'imbalance'>): string[] {
  if (!testTimeAugmentation) return [];
  const { chosen, candidates } = testTimeAugmentation;
  const losses = candidates.map(
    ({ kind, views, logLoss }) => `${kind} (${views} ${views === 1 ? 'pass' : 'passes'}) ${logLoss.toFixed(4)}`,
  );
  const name = balancesClasses(imbalance) ? 'balanced log loss' : 'log loss';
  return [
    `test-time augmentation: ${chosen}, the cheapest within a standard error of the lowest out-of-fold ${name}: ${losses.join(', ')}`,
  ];
}

/** The members that the limits of the experiment dropped, and what that changed. */
export function droppedLine({ pruning, costs, imbalance }: Pick<Report, 'pruning' | 'costs' | 'imbalance'>): string[] {
  if (!pruning || !costs || pruning.dropped.length === 0) return [];
  const { all, kept } = pruning.stackerLogLoss;
  const saved = costs.members
    .filter(({ name }) => pruning.dropped.includes(name))
    .reduce((sum, { work }) => sum + work, 0);
  return [
    `dropped before the test: ${pruning.dropped.join(', ')} (${Math.round(100 * saved)} % of the work): ${balancesClasses(imbalance) ? balancedLoss : 'out-of-fold log loss'} ${all.toFixed(4)} with all members, ${kept.toFixed(4)} without these`,
  ];
}

// --- internal ---

const balancedLoss = 'out-of-fold log loss, in which every class counts equally,';

/** Such as "770 of 800 test images, 765 of them correct (99.4 %)". */
function accepted({ coverage, accuracy }: { coverage: number; accuracy: number | null }, imageCount: number): string {
  if (accuracy === null) return 'no test image';
  const count = Math.round(coverage * imageCount);
  return `${count} of ${imageCount} test images, ${Math.round(accuracy * count)} of them correct (${(100 * accuracy).toFixed(1)} %)`;
}

/** A probability with at least three decimals, and with two digits of its distance to 1. */
function roundedUp(probability: number): string {
  const scale = 10 ** Math.min(Math.max(3, 1 - Math.floor(Math.log10(1 - probability))), 9);
  return String(Math.ceil(probability * scale - 1e-6) / scale);
}
