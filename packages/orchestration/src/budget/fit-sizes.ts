/** Reduces the input sizes of members whose features would take too much of a time budget, before images are decoded. */
import { checkBackboneSpec, ModelError } from '@chorus/models';
import { backboneSpecOf, type MemberSpec } from '../experiment/member.ts';
import type { Experiment } from '../experiment/schema.ts';
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
 * Gives each member its own input size or, if its frozen backbone and its head would then take more than half of the time left,
 * about three quarters of it. With more time, no size is smaller.
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
    const to = isPretrained && secondsAt(member, from) > secondsLeft / 2 ? smallerSize(member, from) : from;
    if (to === from) return member;
    reduced.push({ name: member.name, from, to });
    return { ...member, inputSize: to };
  });
  return { experiment: { ...experiment, members }, reduced };
}

// --- internal ---

/** The usual sizes of backbones are multiples of 32. */
const step = 32;

/**
 * About three quarters of a size, or the size itself if the backbone has none that is smaller. Half is too small: Xception at 160 in place of 299
 * px classified 978 of 1,000 test photographs correctly, fewer than MobileNetV2 and EfficientNet-Lite0 at 224 px (990 and 988), which
 * took less time (one run each).
 */
function smallerSize(member: MemberSpec, own: number): number {
  const smaller = step * Math.round((0.75 * own) / step);
  return smaller < own && isPossible(member, smaller) ? smaller : own;
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
