/** What a run has to do on its lanes before the stackers: the names by which everybody speaks of it. */
import { partNames } from '@chorus/data';
import type { Experiment } from './schema.ts';

/** How a training is called: its member, and the part where there are several. */
export function taskName(member: string, part: string, partCount: number): string {
  return partCount === 1 ? member : `${member}/${part}`;
}

/** How the computing of what all parts of a member share is called. */
export function featuresName(member: string): string {
  return `${member}/features`;
}

/** Whether a member's parts share what its frozen backbone makes of the images. */
export function sharesFeatures({
  stacking,
  weights,
  flaws,
}: Pick<Experiment, 'stacking' | 'weights' | 'flaws'>): boolean {
  return partNames(stacking).length > 1 && weights !== 'random' && !flaws.wholeFromStart;
}

/** All of them, members in the experiment's order. */
export function taskNames(experiment: Pick<Experiment, 'members' | 'stacking' | 'weights' | 'flaws'>): string[] {
  const parts = partNames(experiment.stacking);
  const shares = sharesFeatures(experiment);
  return experiment.members.flatMap(({ name }) => [
    ...(shares ? [featuresName(name)] : []),
    ...parts.map((part) => taskName(name, part, parts.length)),
  ]);
}
