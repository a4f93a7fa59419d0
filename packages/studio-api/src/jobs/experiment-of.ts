import { prepareCandidates } from '@chorus/orchestration';
import type { Settings } from './messages.ts';

/** The experiment of a user's settings, as the command line builds it. */
export function experimentOf({ assignments, ...settings }: Settings): ReturnType<typeof prepareCandidates> {
  return prepareCandidates({ ...settings, assignments, environment: process.env });
}
