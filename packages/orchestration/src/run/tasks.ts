/** What a run has to train: every member on every part of the split. */
import { partNames } from '@chorus/data';
import type { Experiment } from '../experiment/schema.ts';

/** How a training is called in messages: its member, and the part where there are several. */
export function taskName(member: string, part: string, partCount: number): string {
  return partCount === 1 ? member : `${member}/${part}`;
}

/** The names of all trainings, members in the experiment's order. */
export function taskNames({ members, stacking }: Pick<Experiment, 'members' | 'stacking'>): string[] {
  const parts = partNames(stacking);
  return members.flatMap(({ name }) => parts.map((part) => taskName(name, part, parts.length)));
}
