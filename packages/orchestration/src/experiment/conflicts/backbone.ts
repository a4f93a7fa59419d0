import { checkBackboneSpec, ModelError } from '@chorus/models';
import { backboneSpecOf } from '../member.ts';
import type { Conflict } from './conflict.ts';

/** A conflict between the keys that choose the architecture of a member or the student. */
export function backboneConflicts(
  model: Parameters<typeof backboneSpecOf>[0],
  path: PropertyKey[],
  inputSize: number,
): Conflict[] {
  try {
    checkBackboneSpec(backboneSpecOf(model, { inputSize }));
    return [];
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return [{ path: [...path, 'backbone'], message: error.message, params: { isComplete: true } }];
  }
}
