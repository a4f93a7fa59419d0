import { augmentationOf } from '../experiment/augmentation.ts';
import type { Experiment } from '../experiment/schema.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';

/** Warns of members that train without the augmentation of the recipe, because all of their stages have frozen layers. */
export function warningsAboutAugmentation(
  { recipe }: Pick<Experiment, 'recipe'>,
  { members }: Pick<TrainingPlan, 'members'>,
): string[] {
  if (augmentationOf(recipe.augmentation).kind !== 'random') return [];
  const without = members.filter(({ plan }) => plan.stages.every(({ augmentation }) => augmentation.kind !== 'random'));
  if (without.length === 0) return [];
  const names = without.map(({ plan }) => plan.name).join(', ');
  const [{ kind }] = without[0]!.plan.stages.map(({ augmentation }) => augmentation) as [{ kind: string }];
  const left = kind === 'flip' ? 'only flips images' : 'has no effect';
  return [
    `recipe.augmentation ${left} for ${names}: outputs of frozen layers are computed once per image; with recipe.fineTune.lastLayers "all", training augments in its fine-tune stage`,
  ];
}
