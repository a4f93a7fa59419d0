/** Which members' pooled features the stacker `features` reads. */
import type { StackerKind } from '@chorus/models';
import type { MemberPlan } from '@chorus/training';

type Frozen = Pick<MemberPlan, 'features' | 'stages'>;

/** Why the features of a member cannot be stacked; undefined if they can. */
export function featuresObstacle({ features, stages }: Frozen): string | undefined {
  const each = "each fold's model has features of its own";
  if (stages.some(({ trains, name }) => trains !== 'head' && name === 'whole'))
    return `all layers are trained from the start, so that ${each}`;
  if (stages.some(({ trains }) => trains !== 'head'))
    return `the backbone is fine-tuned, so that ${each}; recipe.fineTune.lastLayers 0 freezes it`;
  return features?.predict ? undefined : 'the features of the training images do not fit into 1 GiB';
}

/** The kinds of an experiment, without `features` if no member has features that can be stacked. */
export function possibleStackers(kinds: readonly StackerKind[], members: readonly { plan: Frozen }[]): StackerKind[] {
  const isPossible = members.some(({ plan }) => featuresObstacle(plan) === undefined);
  return kinds.filter((kind) => kind !== 'features' || isPossible);
}

/**
 * Says whether the stacker `features` is left out, or leaves out members.
 *
 * @param kinds those of the experiment.
 */
export function notesOnFeatureStacker(
  kinds: readonly StackerKind[],
  { members }: { members: readonly { plan: Frozen & Pick<MemberPlan, 'name'> }[] },
): string[] {
  if (!kinds.includes('features')) return [];
  const namesBy = new Map<string, string[]>();
  for (const { plan } of members) {
    const obstacle = featuresObstacle(plan);
    if (obstacle !== undefined) namesBy.set(obstacle, [...(namesBy.get(obstacle) ?? []), plan.name]);
  }
  if (namesBy.size === 0) return [];
  const why = [...namesBy].map(([obstacle, names]) => `${names.join(', ')}: ${obstacle}`).join('; ');
  const isPossible = possibleStackers(['features'], members).length > 0;
  return [`the stacker "features" ${isPossible ? 'does not read all members' : 'is left out'} (${why})`];
}
