import { cachedCopiesMistake } from '../cached-copies.ts';
import type { Recipe } from '../recipe.ts';
import { unfreezeMistake } from '../unfreeze.ts';
import { type Conflict, conflictAt } from './conflict.ts';

export interface RecipeKeys {
  recipe: Recipe;
  timeBudgetSeconds?: number | undefined;
}

/** Conflicts between the keys of the recipe, and with a time budget. */
export function recipeConflicts({ recipe, timeBudgetSeconds }: RecipeKeys): Conflict[] {
  const unfreeze = ['recipe', 'fineTune', 'unfreeze'];
  return [
    ...conflictAt(['recipe', 'microBatchSize'], microBatchMistake(recipe)),
    ...conflictAt(['recipe', 'cachedCopies'], cachedCopiesMistake(recipe)),
    ...conflictAt(unfreeze, unfreezeMistake(recipe.fineTune)),
    ...conflictAt(
      unfreeze,
      timeBudgetSeconds !== undefined && recipe.fineTune.unfreeze === 'gradual'
        ? 'expected "at-once" with a time budget, which chooses how many epochs all layers train'
        : undefined,
    ),
  ];
}

/** What is wrong with the size of micro-batches; undefined if nothing. */
export function microBatchMistake({
  batchSize,
  microBatchSize,
}: Pick<Recipe, 'batchSize' | 'microBatchSize'>): string | undefined {
  if (microBatchSize === null || microBatchSize <= batchSize) return undefined;
  return `expected at most ${batchSize}, the value of batchSize`;
}
