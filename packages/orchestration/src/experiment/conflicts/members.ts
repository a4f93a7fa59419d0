import { stackerKinds } from '@chorus/models';
import type { MemberSpec } from '../member.ts';
import type { MemberLimits } from '../member-limits.ts';
import type { Workers } from '../workers.ts';
import { backboneConflicts } from './backbone.ts';
import { type Conflict, conflictAt, repetitions } from './conflict.ts';

export interface MemberKeys extends MemberLimits {
  inputSize: number;
  members: MemberSpec[];
  workers: Workers;
}

/** Conflicts between the members, and between their number and its limits. */
export function memberConflicts({ inputSize, members, workers, minMembers, maxMembers }: MemberKeys): Conflict[] {
  return [
    ...repetitions(
      members.map(({ name }) => name),
      (index) => ['members', index, 'name'],
      'expected a name that no other member has',
    ),
    ...members.flatMap((member, index) => backboneConflicts(member, ['members', index], inputSize)),
    ...members.flatMap((member, index) =>
      Object.entries({
        name: stackerKinds.some((kind) => kind === member.name)
          ? 'expected another name, because this is a stacker, and both have columns in predictions.csv'
          : undefined,
        worker: workerMistake(member, workers),
      }).flatMap(([key, message]) => conflictAt(['members', index, key], message)),
    ),
    ...conflictAt(
      ['minMembers'],
      minMembers > members.length ? `expected at most ${members.length}, the number of members` : undefined,
    ),
    ...conflictAt(
      ['maxMembers'],
      maxMembers !== undefined && maxMembers < minMembers
        ? `expected at least ${minMembers}, the value of minMembers`
        : undefined,
    ),
  ];
}

// --- internal ---

function workerMistake({ worker }: MemberSpec, workers: Workers): string | undefined {
  if (worker === undefined || workers === 'auto' || worker < workers.length) return undefined;
  return `expected the index of an entry of workers, 0 to ${workers.length - 1}`;
}
