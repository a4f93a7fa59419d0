/** What a training does, in words. */
import type { TrainingState } from '@chorus/studio-api/protocol';

const phases = {
  preparing: 'Preparing',
  decoding: 'Opening the images',
  comparing: 'Looking for copies of images',
  members: 'Training the members',
  stacking: 'Combining the members',
  testing: 'Testing on images that no member has seen',
} as const;

/** One sentence; it changes only with the phase, so that a screen reader may announce it. */
export function phaseOf({ status, phase, setup, end }: TrainingState): string {
  if (status === 'stopping') return 'Stopping before the next batch …';
  if (end === null)
    return phase === 'preparing' && setup !== null ? `${phases.preparing}: ${setup} …` : `${phases[phase]} …`;
  switch (end.outcome) {
    case 'finished':
      return 'The training has finished.';
    case 'stopped':
      return 'The training was stopped.';
    case 'failed':
      return 'The training has failed.';
  }
}
