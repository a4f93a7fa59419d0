/** The members and the stacker of an ensemble, chosen before any test image is read. */
import { limitsMembers, type MemberLimits } from '../experiment/member-limits.ts';
import type { PruningReport } from '../report/cost-schema.ts';
import type { MemberSize } from '../report/member-costs.ts';
import type { Choice } from './choose.ts';
import { pruneMembers } from './prune-members.ts';

export interface EnsembleChoice {
  /** Of the members that are kept. */
  choice: Choice;
  /** Out-of-fold scores of all trained members, by name. */
  memberScores: ReadonlyMap<string, Choice['members'][number]>;
  /** Names of the members that are kept, in the given order. */
  kept: string[];
  /** Section of the report; null without limits. */
  pruning: PruningReport | null;
}

/**
 * Fits and chooses a stacker, drops members if the experiment limits them, and fits and chooses again on those that are kept.
 *
 * @param labels class of each image.
 * @param fit as `fitAndChoose`, for some of the members, by index.
 * @param weights what each image counts for; 1 if omitted.
 */
export async function chooseEnsemble(
  members: readonly MemberSize[],
  labels: Int32Array,
  limits: MemberLimits,
  fit: (members: readonly number[]) => Promise<Choice>,
  weights?: Float64Array,
): Promise<EnsembleChoice> {
  const all = await fit([...members.keys()]);
  const names = members.map(({ name }) => name);
  const memberScores = new Map(names.map((name, index) => [name, all.members[index]!]));
  if (!limitsMembers(limits)) return { choice: all, memberScores, kept: names, pruning: null };
  const { kept, meanLogLoss } = pruneMembers(
    members.map((member, index) => ({ ...member, probabilities: all.memberOutOfFold[index]! })),
    labels,
    limits,
    weights,
  );
  const choice = kept.length === members.length ? all : await fit(kept);
  const keptNames = kept.map((index) => names[index]!);
  return {
    choice,
    memberScores,
    kept: keptNames,
    pruning: {
      ...{ maxMembers: limits.maxMembers ?? null, maxMegabytes: limits.maxMegabytes ?? null },
      kept: keptNames,
      dropped: names.filter((name) => !keptNames.includes(name)),
      meanLogLoss,
      stackerLogLoss: { all: chosenLoss(all), kept: chosenLoss(choice) },
    },
  };
}

// --- internal ---

/** The loss by which the stacker was chosen. */
function chosenLoss({ stackers, chosen }: Choice): number {
  const { logLoss, balancedLogLoss } = stackers.find(({ kind }) => kind === chosen)!.outOfFold;
  return balancedLogLoss ?? logLoss;
}
