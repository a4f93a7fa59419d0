/** Reduces the input sizes of members whose features would take too much of a time budget, before images are decoded. */
import { checkBackboneSpec, ModelError } from '@chorus/models';
import { backboneSpecOf, type Experiment, type MemberSpec } from '../experiment/schema.ts';
import type { TimedMachine } from '../plan/estimate-time.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { optionsOf } from './member-options.ts';

/** A member's smaller input size, pixels. */
export interface ReducedSize {
  name: string;
  from: number;
  to: number;
}

/**
 * Gives each member the largest input size with which its frozen backbone and its head take at most half of the time left: its
 * own, about three quarters of it, or about half. With more time, no size is smaller.
 *
 * @returns the experiment with these sizes. With random weights or `flaws`, all sizes stay.
 */
export function fitSizes(
  experiment: Experiment,
  environment: { CHORUS_WEIGHTS?: string | undefined },
  images: { trainingCount: number; testCount: number },
  { machine, secondsLeft }: { machine: TimedMachine; secondsLeft: number },
): { experiment: Experiment; reduced: ReducedSize[] } {
  const secondsAt = (member: MemberSpec, inputSize: number) => {
    const sized = { ...experiment, members: [{ ...member, inputSize }] };
    const plan = expectedPlan(sized, environment, images);
    const facts = { counts: plan, machine, rank: 0, memberCount: 1, hasFeatures: false };
    return optionsOf(plan.members[0]!, facts)[0]!.seconds / machine.laneCount;
  };
  const isPretrained = expectedPlan(experiment, environment, images).members[0]!.plan.stages[0]!.name === 'head';
  const reduced: ReducedSize[] = [];
  const members = experiment.members.map((member) => {
    const from = backboneSpecOf(member, experiment).inputSize;
    const sizes = isPretrained ? sizesFor(member, from) : [from];
    const to = sizes.find((size) => secondsAt(member, size) <= secondsLeft / 2) ?? sizes.at(-1)!;
    if (to === from) return member;
    reduced.push({ name: member.name, from, to });
    return { ...member, inputSize: to };
  });
  return { experiment: { ...experiment, members }, reduced };
}

// --- internal ---

/** The sizes of backbones are multiples of 32. */
const step = 32;

/** Descending; the first is the member's own. */
function sizesFor(member: MemberSpec, own: number): number[] {
  const smaller = [3 / 4, 1 / 2].map((share) => step * Math.round((share * own) / step));
  return [
    own,
    ...smaller.filter((size, index) => size < own && size !== smaller[index - 1] && isPossible(member, size)),
  ];
}

function isPossible(member: MemberSpec, inputSize: number): boolean {
  try {
    checkBackboneSpec(backboneSpecOf({ ...member, inputSize }, { inputSize }));
    return true;
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
}
