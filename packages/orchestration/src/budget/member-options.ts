/** The ways in which a member can be trained: from the head alone to all of its planned epochs. */
import type { MemberPlan, StageName } from '@chorus/training';
import { memberSeconds, type TimedMachine } from '../plan/estimate-time.ts';
import type { PlannedMember, TrainingPlan } from '../plan/plan-training.ts';
import type { TimedOption } from './choose-options.ts';

/** A stage that a member trains, and its largest number of epochs. */
export interface StageEpochs {
  stage: StageName;
  epochCount: number;
}

export interface MemberOption extends TimedOption {
  stages: StageEpochs[];
}

export interface OptionFacts {
  counts: Pick<TrainingPlan, 'trainingCount' | 'testCount'>;
  machine: TimedMachine;
  /** Position of the member in the ranking, from 0, and number of members. */
  rank: number;
  memberCount: number;
  /** Measured seconds of a forward pass of one image on one lane; undefined if there is none. */
  forwardSeconds?: number | undefined;
  /** Whether its features exist, so that their time is spent. */
  hasFeatures: boolean;
}

/** Estimates are rough: plans assume that everything takes this many times as long. */
export const caution = 1.2;

/** The options of a member, the shortest first. */
export function optionsOf(member: PlannedMember, facts: OptionFacts): MemberOption[] {
  const [first, ...later] = member.plan.stages;
  const last = later.at(-1);
  if (last === undefined) {
    // The head alone has as many epochs as planned, since they take milliseconds.
    if (first!.trains === 'head') return [optionOf(member, [whole(first!)], headValue, facts)];
    return epochCounts(first!.epochCount).map((epochCount) =>
      optionOf(
        member,
        [{ stage: first!.name, epochCount }],
        partOf(headValue + tuningValue, epochCount, first!),
        facts,
      ),
    );
  }
  return [
    optionOf(member, [whole(first!)], headValue, facts),
    ...epochCounts(last.epochCount).map((epochCount) =>
      optionOf(
        member,
        [whole(first!), { stage: last.name, epochCount }],
        headValue + partOf(tuningValue, epochCount, last),
        facts,
      ),
    ),
  ];
}

/** A member's plan with fewer stages or epochs. */
export function withStages(plan: MemberPlan, stages: readonly StageEpochs[]): MemberPlan {
  const kept = plan.stages.flatMap((stage) => {
    const chosen = stages.find((one) => one.stage === stage.name);
    return chosen === undefined ? [] : [{ ...stage, epochCount: chosen.epochCount }];
  });
  const isFrozen = kept.every(({ trains }) => trains === 'head');
  return { ...plan, stages: kept, features: plan.features && { ...plan.features, predict: isFrozen } };
}

// --- internal ---

/** Most of a member's worth is there once its head is trained; fine-tuning adds less, and its first epochs add most. */
const headValue = 20;
const tuningValue = 10;

function whole({ name, epochCount }: MemberPlan['stages'][number]): StageEpochs {
  return { stage: name, epochCount };
}

/** At most 10 numbers of epochs, the last one being all. */
function epochCounts(most: number): number[] {
  const count = Math.min(most, 10);
  return Array.from({ length: count }, (_, index) => Math.round(((index + 1) * most) / count));
}

/** The value of some epochs out of all; a whole number, at least 1. */
function partOf(value: number, epochCount: number, stage: { epochCount: number }): number {
  return Math.max(1, Math.floor(value * Math.sqrt(epochCount / stage.epochCount)));
}

/** Better ranks count more, so that they are kept and fine-tuned first. */
function optionOf(
  member: PlannedMember,
  stages: StageEpochs[],
  value: number,
  { counts, machine, rank, memberCount, forwardSeconds, hasFeatures }: OptionFacts,
): MemberOption {
  const plan = withStages(member.plan, stages);
  const { trainings, features, test } = memberSeconds({ ...member, plan }, counts, machine, 'late', forwardSeconds);
  const all = trainings.reduce((sum, seconds) => sum + seconds, 0);
  return {
    stages,
    value: value * (memberCount - rank),
    seconds: caution * (all + test + (hasFeatures ? 0 : features)),
    longestSeconds: caution * Math.max(...trainings),
  };
}
