import { isDeepStrictEqual } from 'node:util';
import type { MemberSpec } from '../member.ts';
import type { Recipe } from '../recipe.ts';
import type { Stacking } from '../stacking.ts';
import { type StudentSpec, studentName } from '../student.ts';
import { backboneConflicts } from './backbone.ts';
import { type Conflict, conflictAt } from './conflict.ts';
import { microBatchMistake } from './recipe.ts';

export interface StudentKeys {
  inputSize: number;
  members: MemberSpec[];
  recipe: Recipe;
  stacking: Stacking;
  student: StudentSpec | null;
}

/** Conflicts between the student and the ensemble that it learns from. */
export function studentConflicts({ inputSize, members, recipe, stacking, student }: StudentKeys): Conflict[] {
  if (student === null) return [];
  const namesake = members.findIndex(({ name }) => name === studentName);
  return [
    ...backboneConflicts(student, ['student'], inputSize),
    ...conflictAt(
      ['stacking', 'kind'],
      stacking.kind === 'kfold'
        ? undefined
        : 'expected "kfold" with a student, which learns from out-of-fold predictions for all training images',
    ),
    ...conflictAt(
      ['student', 'recipe', 'microBatchSize'],
      student.recipe === undefined ? undefined : microBatchMistake(student.recipe),
    ),
    ...conflictAt(
      ['student', 'recipe', 'imbalance'],
      student.recipe === undefined || isDeepStrictEqual(student.recipe.imbalance, recipe.imbalance)
        ? undefined
        : `expected ${JSON.stringify(recipe.imbalance)}, the value of recipe.imbalance, which the ensemble's probabilities follow`,
    ),
    ...conflictAt(
      ['members', namesake, 'name'],
      namesake === -1 ? undefined : 'expected another name, because this is the name of the student',
    ),
  ];
}
