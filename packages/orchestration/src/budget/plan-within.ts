/** Plans what to train in the time that is left: a pure function of estimates. */
import { speedAlone, type TimedMachine } from '../plan/estimate-time.ts';
import type { PlannedMember, TrainingPlan } from '../plan/plan-training.ts';
import { chooseOptions, type LaneTime, wallSeconds } from './choose-options.ts';
import { type MemberOption, optionsOf, type StageEpochs, withStages } from './member-options.ts';
import { studentSeconds } from './student-seconds.ts';

/** What is known before the members are chosen. */
export interface PlanningFacts {
  machine: TimedMachine;
  /** Time left until the end of the run, seconds. */
  secondsLeft: number;
  /** Fewest members of an ensemble. */
  minMembers: number;
  /** Names of the ranked members, the best first; the others follow in the order of the experiment. */
  ranked: readonly string[];
  /** Measured seconds of a forward pass of one image on one lane, by member. */
  forwardSeconds: ReadonlyMap<string, number>;
  /** Names of the members whose features exist. */
  withFeatures: ReadonlySet<string>;
}

export interface PlannedChoice {
  /** In the order of the experiment. */
  members: { name: string; stages: StageEpochs[] }[];
  /** Estimated seconds until the end of the run. */
  plannedSeconds: number;
  /** Members that do not fit, with the seconds that they would take in addition to the time left. */
  leftOut: { name: string; missingSeconds: number }[];
}

/** Time that stackers, bundle and report take at the end of a run, seconds. */
export function endSeconds(secondsLeft: number): number {
  return 5 + 0.03 * secondsLeft;
}

/**
 * Chooses the members and their epochs that fit. The student, if the plan has one, is trained with all of its epochs.
 *
 * @returns undefined if not even the smallest ensemble fits; see {@link leastBudget}.
 */
export function planWithin(plan: TrainingPlan, facts: PlanningFacts): PlannedChoice | undefined {
  const { machine, secondsLeft, minMembers } = facts;
  const options = plan.members.map((member) => optionsOfMember(member, plan, facts));
  const reserved = studentSeconds(plan, machine);
  const workSeconds = secondsLeft - endSeconds(secondsLeft) - reserved;
  const time = { ...lanesOf(machine), seconds: workSeconds };
  const chosen = chooseOptions(options, time, minMembers);
  if (chosen === undefined) return undefined;
  const present = chosen.filter((option) => option !== null);
  return {
    members: plan.members.flatMap(({ plan: { name } }, index) => {
      const option = chosen[index];
      return option ? [{ name, stages: option.stages }] : [];
    }),
    plannedSeconds: wallSeconds(present, time) + reserved,
    leftOut: plan.members.flatMap(({ plan: { name } }, index) =>
      chosen[index]
        ? []
        : [{ name, missingSeconds: wallSeconds([...present, options[index]![0]!], time) - workSeconds }],
    ),
  };
}

/** The least time in which the smallest ensemble and the student fit, and the members. */
export function leastBudget(
  plan: TrainingPlan,
  facts: Omit<PlanningFacts, 'secondsLeft'>,
): { seconds: number; members: string[] } {
  const shortest = plan.members
    .map((member) => ({ name: member.plan.name, option: optionsOfMember(member, plan, facts)[0]! }))
    .toSorted((a, b) => a.option.seconds - b.option.seconds)
    .slice(0, facts.minMembers);
  const work = wallSeconds(
    shortest.map(({ option }) => option),
    lanesOf(facts.machine),
  );
  // The inverse of secondsLeft - endSeconds(secondsLeft).
  const seconds = (work + studentSeconds(plan, facts.machine) + endSeconds(0)) / (1 - (endSeconds(1) - endSeconds(0)));
  return { seconds, members: shortest.map(({ name }) => name) };
}

/** The plan of the chosen members, with the chosen stages and epochs. */
export function applyChoice(plan: TrainingPlan, { members }: Pick<PlannedChoice, 'members'>): TrainingPlan {
  return {
    ...plan,
    members: plan.members.flatMap((member) => {
      const chosen = members.find(({ name }) => name === member.plan.name);
      return chosen === undefined ? [] : [{ ...member, plan: withStages(member.plan, chosen.stages) }];
    }),
  };
}

// --- internal ---

function optionsOfMember(
  member: PlannedMember,
  plan: TrainingPlan,
  { machine, ranked, forwardSeconds, withFeatures }: Omit<PlanningFacts, 'secondsLeft'>,
): MemberOption[] {
  const { name } = member.plan;
  const order = [...ranked, ...plan.members.map((one) => one.plan.name).filter((one) => !ranked.includes(one))];
  return optionsOf(member, {
    ...{ counts: plan, machine, rank: order.indexOf(name), memberCount: plan.members.length },
    ...{ forwardSeconds: forwardSeconds.get(name), hasFeatures: withFeatures.has(name) },
  });
}

function lanesOf(machine: TimedMachine): Omit<LaneTime, 'seconds'> {
  return { laneCount: machine.laneCount, speedAlone: speedAlone(machine) };
}
