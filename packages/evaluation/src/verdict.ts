import type { McnemarReport } from './score-schema.ts';

/** Adjusted p-values below this are significant. */
const significance = 0.05;

/** The results of a run that the verdict depends on. */
export interface VerdictFacts {
  stackers: readonly {
    kind: string;
    chosen: boolean;
    test: {
      correct: number;
      count: number;
      accuracy: number;
      wilson95: readonly [number, number];
      balancedAccuracy?: number | null;
    };
    mcnemar: McnemarReport;
  }[];
  members: readonly { name: string; status: 'done' | 'failed'; test: { correct: number; accuracy: number } | null }[];
  /** Name of the member with the lowest out-of-fold log loss. */
  bestMember: string | null;
  /** Whether generated images or random weights were used. */
  demo: boolean;
  /** Share of the most frequent class among the test images. */
  baseline: number;
  /** Known flaws of the procedure; `flatters` if a flaw makes the figures of this run better than on new images. */
  flaws: readonly { flatters: boolean }[];
  /** What was done about classes of unequal size; null or omitted if that is not known. */
  imbalance?: { ratio: number; remedy: { kind: string } } | null;
}

/** One paragraph: the accuracy of the ensemble, and whether it differs significantly from its best member's. */
export function verdict({ stackers, members, bestMember, demo, baseline, flaws, imbalance }: VerdictFacts): string {
  const chosen = stackers.find((stacker) => stacker.chosen);
  const single = members.find((member) => member.name === bestMember)?.test;
  const failed = members.filter((member) => member.status !== 'done').map((member) => member.name);
  const without = failed.length === 0 ? '' : ` Members that failed and are not part of it: ${failed.join(', ')}.`;
  if (chosen === undefined || single === null || single === undefined)
    return `There is no ensemble: too few members finished.${without}`;
  const { test, mcnemar } = chosen;
  const interval = test.wilson95.map(percent).join(' to ');
  const ensemble = `The ensemble (${chosen.kind}) classifies ${test.correct} of ${test.count} test images correctly: ${percent(test.accuracy)} (95 % interval ${interval}).`;
  const difference = test.correct - single.correct;
  const p = `exact McNemar p = ${mcnemar.p.toPrecision(2)}, ${mcnemar.pHolm.toPrecision(2)} adjusted for ${count(stackers.length, 'stacker')}`;
  const best = `the best single member, ${mcnemar.against} (${percent(single.accuracy)})`;
  let comparison: string;
  if (difference === 0) comparison = `It classifies as many images correctly as ${best}.`;
  else {
    const significant = mcnemar.pHolm < significance ? 'significant' : 'not significant';
    const images = `${Math.abs(difference)} ${difference > 0 ? 'more' : 'fewer'} image${Math.abs(difference) === 1 ? '' : 's'}`;
    comparison = `It classifies ${images} correctly than ${best}; the difference is ${significant} (${p}).`;
  }
  const useless =
    test.wilson95[0] <= baseline
      ? ' It is not significantly better than always predicting the most frequent class.'
      : '';
  const demonstration = demo
    ? ' This is a demonstration with generated images or random weights: its figures do not apply to photographs.'
    : '';
  const flawed = flaws.length === 0 ? '' : ` ${describeFlaws(flaws)}`;
  return `${ensemble} ${comparison}${useless}${describeBalance(imbalance, test)}${without}${flawed}${demonstration}`;
}

// --- internal ---

const remedyNames: Readonly<Record<string, string>> = {
  'class-weights': 'class weights',
  'balanced-sampling': 'balanced sampling',
  focal: 'class weights and the focal loss',
  'logit-adjustment': 'logit adjustment',
};

/** Empty if classes were left as they are. */
function describeBalance(
  imbalance: VerdictFacts['imbalance'],
  { balancedAccuracy }: VerdictFacts['stackers'][number]['test'],
): string {
  if (!imbalance || imbalance.remedy.kind === 'none') return '';
  // The ratio would be printed as 1.0: no remedy changes what classes count.
  if (imbalance.ratio < 1.05) return '';
  const measured = balancedAccuracy == null ? '' : `: its balanced accuracy is ${percent(balancedAccuracy)}`;
  return ` The largest class has ${imbalance.ratio.toFixed(1)} times as many training images as the smallest; with ${remedyNames[imbalance.remedy.kind] ?? imbalance.remedy.kind}, every class counts equally${measured}.`;
}

function describeFlaws(flaws: VerdictFacts['flaws']): string {
  const known = `The procedure has ${count(flaws.length, 'known flaw')}`;
  const flattering = flaws.filter(({ flatters }) => flatters).length;
  if (flattering === 0) return `${known}.`;
  const some = flattering === flaws.length ? '' : `${flattering} of `;
  return `${known}, ${some}which ${flattering === 1 ? 'flatters' : 'flatter'} these figures.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
