import type { CheckReport } from '@chorus/studio-api/protocol';
import { useStudio } from '../studio.ts';
import { durationRange, fileSize } from '../words.ts';

/** What each preset would cost with these images. */
export function PresetCosts({ report }: { report: CheckReport }) {
  const { presets, memory, lanes } = report;
  const { workspace } = useStudio();
  return (
    <>
      <h3>What training costs</h3>
      <ul class="costs">
        {presets.map(({ preset, chosen, obstacle, memoryBytes, seconds }) => (
          <li key={preset}>
            <b>{preset}</b>
            {chosen && (
              <>
                <span class="badge">Chorus would choose it</span>
                <p>{workspace.presets.find(({ name }) => name === preset)?.description}</p>
              </>
            )}
            <p class={obstacle === null ? 'hint' : 'problem'}>
              {obstacle ??
                [seconds && durationRange(seconds), memoryBytes && `${fileSize(memoryBytes)} of memory`]
                  .filter(Boolean)
                  .join(', ')}
            </p>
          </li>
        ))}
      </ul>
      <p class="hint">
        This machine: {lanes.length === 1 ? '1 lane' : `${lanes.length} lanes`} ({lanes.join(', ')}),{' '}
        {fileSize(memory.availableBytes)} of memory available.
      </p>
    </>
  );
}
