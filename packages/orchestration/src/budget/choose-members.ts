/** Chooses the members of a run with a time budget: computes features, ranks the members by them, and plans what fits. */
import { variantOf } from '@chorus/models';
import type { SharedFeatures } from '@chorus/training';
import type { TimedMachine } from '../plan/estimate-time.ts';
import type { PlannedMember } from '../plan/plan-training.ts';
import { Slices } from '../run/slices.ts';
import { type MemberRun, prepareFeatures } from '../run/train-members.ts';
import type { BudgetRecord } from './budget-file.ts';
import { leastBudget, type PlanningFacts, planWithin } from './plan-within.ts';
import { neighborAccuracy, neighborCount, rankedPositions } from './rank-members.ts';
import type { TimeLeft } from './time-left.ts';

type Choice = NonNullable<BudgetRecord['choice']>;

/**
 * Computes the features of the members that may fit, the cheapest first, ranks these members, and chooses members and epochs.
 *
 * @returns the choice, and the features that training uses, by member.
 * @throws StoppedError after a stop request.
 */
export async function chooseMembers(
  run: MemberRun,
  { machine, timeLeft, minMembers }: { machine: TimedMachine; timeLeft: TimeLeft; minMembers: number },
): Promise<{ choice: Choice; features: Map<string, SharedFeatures> }> {
  const { plan, dataset, stop } = run;
  const features = new Map<string, SharedFeatures>();
  const forwardSeconds = new Map<string, number>();
  const accuracies: Promise<{ name: string; accuracy: number }>[] = [];
  const factsNow = (ranked: string[] = []): PlanningFacts => ({
    ...{ machine, minMembers, ranked, forwardSeconds },
    ...{ secondsLeft: timeLeft.seconds, withFeatures: new Set(features.keys()) },
  });
  const labels = { labels: new Int32Array(dataset.labels), classCount: dataset.classes.length };
  const included: PlannedMember[] = [];
  for (const member of cheapestFirst(run, factsNow())) {
    const candidates = { ...plan, members: [...included, member] };
    const isNeeded = included.length < minMembers;
    const all = leastBudget(candidates, { ...factsNow(), minMembers: candidates.members.length });
    if (!isNeeded && all.seconds > timeLeft.seconds) continue;
    included.push(member);
    const prepared = await prepareFeatures(run, member);
    stop.check();
    if (prepared === undefined) continue;
    const { name, backbone } = member.plan;
    features.set(name, prepared.shared);
    forwardSeconds.set(name, prepared.forwardSeconds);
    // Runs while the lanes compute the next features.
    const width = variantOf(backbone).featureWidth;
    const ranking = neighborAccuracy(prepared.shared, width, labels, new Slices(stop)).then((accuracy) => ({
      name,
      accuracy,
    }));
    // An error is thrown where the ranking is awaited.
    ranking.catch(() => {});
    accuracies.push(ranking);
  }
  const ranked = inOrderOf(run, await Promise.all(accuracies)).toSorted((a, b) => b.accuracy - a.accuracy);
  const facts = factsNow(ranked.map(({ name }) => name));
  const chosen = planWithin(plan, facts) ?? smallestChoice(run, facts);
  const [first] = features.values();
  const choice: Choice = {
    ...chosen,
    ranking:
      first === undefined
        ? null
        : { imageCount: rankedPositions(first.indices.length).length, neighborCount, members: ranked },
    forwardSeconds: Object.fromEntries(forwardSeconds),
  };
  const isChosen = (name: string) => choice.members.some((member) => member.name === name);
  return { choice, features: new Map([...features].filter(([name]) => isChosen(name))) };
}

// --- internal ---

function cheapestFirst({ plan }: MemberRun, facts: PlanningFacts): PlannedMember[] {
  const secondsOf = (member: PlannedMember) =>
    leastBudget({ ...plan, members: [member] }, { ...facts, minMembers: 1 }).seconds;
  return plan.members.toSorted((a, b) => secondsOf(a) - secondsOf(b));
}

/** Of equal accuracies, the first member of the experiment stays the first. */
function inOrderOf<One extends { name: string }>({ plan }: MemberRun, all: readonly One[]): One[] {
  return plan.members.flatMap(({ plan: { name } }) => all.filter((one) => one.name === name));
}

/** What a run trains whose time is up: the members that need the least time, with as few epochs as possible. */
function smallestChoice({ plan }: MemberRun, facts: PlanningFacts): Omit<Choice, 'ranking' | 'forwardSeconds'> {
  const { members, seconds } = leastBudget(plan, facts);
  const least = { ...plan, members: plan.members.filter(({ plan: { name } }) => members.includes(name)) };
  const chosen = planWithin(least, { ...facts, secondsLeft: seconds * (1 + 1e-9) })!;
  const leftOut = plan.members.filter(({ plan: { name } }) => !members.includes(name));
  return { ...chosen, leftOut: leftOut.map(({ plan: { name } }) => ({ name, missingSeconds: 0 })) };
}
