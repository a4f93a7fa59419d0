import type { Report } from './schema.ts';

/** Differences with an adjusted p below this are called real. */
const significance = 0.05;

/** One paragraph for people: who is better, by how much, and whether that can be luck. */
export function verdict({
  stackers,
  members,
  bestMember,
  demo,
  baseline,
  flaws,
}: Omit<Report, 'schemaVersion' | 'verdict'>): string {
  const chosen = stackers.find((stacker) => stacker.chosen);
  const single = members.find((member) => member.name === bestMember)?.test;
  const failed = members.filter((member) => member.status !== 'done').map((member) => member.name);
  const without = failed.length === 0 ? '' : ` Without ${failed.join(', ')}, which did not finish.`;
  if (chosen === undefined || single === null || single === undefined)
    return `There is no ensemble: fewer members finished than it needs.${without}`;
  const { test, mcnemar } = chosen;
  const interval = test.wilson95.map(percent).join(' to ');
  const ensemble = `The ensemble (${chosen.kind}) has ${test.correct} of ${test.count} test images right: ${percent(test.accuracy)} (95 % interval ${interval}).`;
  const difference = test.correct - single.correct;
  const p = `exact McNemar p = ${mcnemar.p.toPrecision(2)}, ${mcnemar.pHolm.toPrecision(2)} adjusted for ${count(stackers.length, 'stacker')}`;
  const best = `the best single member, ${mcnemar.against} (${percent(single.accuracy)})`;
  let comparison: string;
  if (difference === 0) comparison = `It is level with ${best}.`;
  else if (mcnemar.pHolm < significance)
    comparison = `It is ${difference > 0 ? 'better' : 'worse'} than ${best}, and that is not luck (${p}).`;
  else
    comparison = `It is ${count(Math.abs(difference), 'image')} ${difference > 0 ? 'ahead of' : 'behind'} ${best}, which may be luck (${p}).`;
  const useless =
    test.wilson95[0] <= baseline ? ' It is not shown to beat always answering the most frequent class.' : '';
  const stoodIn = demo ? ' Generated images or random weights stood in: this says nothing about photographs.' : '';
  const flawed = flaws.length === 0 ? '' : ` ${describeCount(flaws)}`;
  return `${ensemble} ${comparison}${useless}${without}${flawed}${stoodIn}`;
}

/** Of all flaws these let the figures be seen before they are made. */
const flattering = ['flaws.tuneOnTest', 'stacking.kind'];

function describeCount(flaws: Report['flaws']): string {
  const are = `${count(flaws.length, 'known flaw')} of the procedure ${flaws.length === 1 ? 'is' : 'are'} on (see flaws)`;
  return flaws.some(({ name }) => flattering.includes(name)) ? `${are}: the figures flatter it.` : `${are}.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
