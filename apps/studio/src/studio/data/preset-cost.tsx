import type { CheckReport } from '@chorus/studio-api/protocol';
import { durationRange, fileSize } from '../words.ts';

/** Time and memory of a preset with the checked images, or why it cannot run. */
export function PresetCost({ cost: { obstacle, seconds, memoryBytes } }: { cost: CheckReport['presets'][number] }) {
  const figures = [seconds && durationRange(seconds), memoryBytes && `${fileSize(memoryBytes)} of memory`];
  return (
    <span class={obstacle === null ? 'block hint' : 'block problem'}>
      {obstacle ?? figures.filter(Boolean).join(', ')}
    </span>
  );
}
