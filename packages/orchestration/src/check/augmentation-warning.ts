import { augmentationOf } from '../experiment/augmentation.ts';
import type { Experiment } from '../experiment/schema.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';

/**
 * Warns of members that train without the augmentation of the recipe, because all of their stages have frozen layers, or without
 * its cached copies, because no stage has any.
 */
export function warningsAboutAugmentation(
  { recipe }: Pick<Experiment, 'recipe'>,
  { members }: Pick<TrainingPlan, 'members'>,
): string[] {
  if (augmentationOf(recipe.augmentation).kind !== 'random') return [];
  const plain = members.filter(({ plan }) => plan.stages.every((stage) => stage.cachedCopies === undefined));
  const useless =
    recipe.cachedCopies === 0 || plain.length === 0
      ? []
      : [
          `recipe.cachedCopies has no effect for ${plain.map(({ plan }) => plan.name).join(', ')}: no stage of several epochs has frozen layers`,
        ];
  const without = plain.filter(({ plan }) => plan.stages.every(({ augmentation }) => augmentation.kind !== 'random'));
  if (without.length === 0) return useless;
  const names = without.map(({ plan }) => plan.name).join(', ');
  const [{ kind }] = without[0]!.plan.stages.map(({ augmentation }) => augmentation) as [{ kind: string }];
  const left = kind === 'flip' ? 'only flips images' : 'has no effect';
  return [
    ...useless,
    `recipe.augmentation ${left} for ${names}: outputs of frozen layers are computed once per image; with recipe.cachedCopies, training also uses augmented copies, and with recipe.fineTune.lastLayers "all", it augments in its fine-tune stage`,
  ];
}
