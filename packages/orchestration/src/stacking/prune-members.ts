/** Drops members from an ensemble by greedy forward selection with a cost term, on out-of-fold predictions. */
import { logLossOf } from '@chorus/evaluation';
import type { MemberLimits } from '../experiment/member-limits.ts';

export interface PrunableMember {
  /** Out-of-fold probabilities [images, classes]. */
  probabilities: Float32Array;
  /** Size of its weights in the bundle. */
  bytes: number;
  /** Work of a prediction, in any unit. */
  work: number;
}

export interface Pruning {
  /** Indices of the members to keep, ascending. */
  kept: number[];
  /** Out-of-fold log loss of the mean of the members' probabilities: of all, and of those to keep. */
  meanLogLoss: { all: number; kept: number };
}

/** By which share a member must lower the log loss for a doubling of the ensemble's work. */
const gainPerDoubling = 0.01;

/**
 * Selects members: first the one with the lowest log loss, then, again and again, the one with which the mean of the selected
 * probabilities is best. The selection ends at the limits, or when no member lowers the log loss by more than 1 % per doubling of
 * the work; it has at least `minMembers`.
 *
 * @param labels the true class of each image.
 * @param limits as `excessMegabytes` permits them.
 * @param weights what each image counts for; 1 if omitted.
 */
export function pruneMembers(
  members: readonly PrunableMember[],
  labels: Int32Array,
  { minMembers, maxMembers = members.length, maxMegabytes = Number.POSITIVE_INFINITY }: MemberLimits,
  weights?: Float64Array,
): Pruning {
  const classCount = members[0]!.probabilities.length / labels.length;
  // The loss depends on the probabilities of the true classes only.
  const ofTrueClass = members.map(({ probabilities }) =>
    Float64Array.from(labels, (label, row) => probabilities[row * classCount + label]!),
  );
  const lossOf = (selected: readonly number[]) =>
    meanLogLoss(
      selected.map((index) => ofTrueClass[index]!),
      weights,
    );
  const objectiveOf = (selected: readonly number[]) =>
    Math.log(lossOf(selected)) + gainPerDoubling * Math.log2(sum(selected.map((index) => members[index]!.work)));
  const fits = (selected: readonly number[]) => {
    const others = members.flatMap(({ bytes }, index) => (selected.includes(index) ? [] : [bytes]));
    // Room must be left for as many members as an ensemble needs.
    const stillNeeded = others.toSorted((a, b) => a - b).slice(0, Math.max(0, minMembers - selected.length));
    // Divided as in `excessMegabytes`, so that both round alike.
    return sum([...selected.map((index) => members[index]!.bytes), ...stillNeeded]) / 1e6 <= maxMegabytes;
  };
  let kept: number[] = [];
  while (kept.length < maxMembers) {
    const candidates = members.flatMap((_, index) => {
      const selected = [...kept, index];
      return kept.includes(index) || !fits(selected) ? [] : [selected];
    });
    // The best single member stays, whatever it costs: ensembles are compared with it.
    const best = lowest(candidates, kept.length === 0 ? lossOf : objectiveOf);
    if (best === undefined) break;
    if (kept.length >= minMembers && objectiveOf(best) >= objectiveOf(kept)) break;
    kept = best;
  }
  kept = kept.toSorted((a, b) => a - b);
  return { kept, meanLogLoss: { all: lossOf(members.map((_, index) => index)), kept: lossOf(kept) } };
}

// --- internal ---

/** Log loss of the mean of members. @param ofTrueClass per member, the probability of each image's class. */
function meanLogLoss(ofTrueClass: readonly Float64Array[], weights: Float64Array | undefined): number {
  const rowCount = ofTrueClass[0]!.length;
  let total = 0;
  let totalWeight = 0;
  for (let row = 0; row < rowCount; row += 1) {
    const weight = weights?.[row] ?? 1;
    total += weight * logLossOf(sum(ofTrueClass.map((one) => one[row]!)) / ofTrueClass.length);
    totalWeight += weight;
  }
  return total / totalWeight;
}

/** The candidate with the lowest number; of equal ones, the first. */
function lowest(
  candidates: readonly number[][],
  numberOf: (candidate: readonly number[]) => number,
): number[] | undefined {
  const numbers = candidates.map(numberOf);
  return candidates[numbers.indexOf(Math.min(...numbers))];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
