/** Checks that concern several keys of an experiment. */
import type { Conflict } from './conflict.ts';
import { type ImageKeys, imageConflicts } from './images.ts';
import { type MemberKeys, memberConflicts } from './members.ts';
import { type RecipeKeys, recipeConflicts } from './recipe.ts';
import { type StackingKeys, stackingConflicts } from './stacking.ts';
import { type StudentKeys, studentConflicts } from './student.ts';
import { type WorkerKeys, workerConflicts } from './workers.ts';

/** All conflicts between the keys of an experiment, each of which is valid by itself. */
export function conflictsIn(
  experiment: ImageKeys & MemberKeys & RecipeKeys & StackingKeys & StudentKeys & WorkerKeys,
): Conflict[] {
  return [
    imageConflicts,
    recipeConflicts,
    stackingConflicts,
    studentConflicts,
    memberConflicts,
    workerConflicts,
  ].flatMap((find) => find(experiment));
}
