import type { CheckReport } from '@chorus/studio-api/protocol';
import { useStudio } from '../studio.ts';
import { fileSize } from '../words.ts';
import { PresetCost } from './preset-cost.tsx';

/** What each preset would cost with these images. */
export function PresetCosts({ report }: { report: CheckReport }) {
  const { presets, memory, lanes } = report;
  const { workspace } = useStudio();
  return (
    <>
      <h3>What training costs</h3>
      <ul class="costs">
        {presets.map((cost) => (
          <li key={cost.preset}>
            <b>{cost.preset}</b>
            {cost.chosen && (
              <>
                <span class="badge">Chorus would choose it</span>
                {cost.reason !== null && <p class="hint">Reason: {cost.reason}</p>}
                <p>{workspace.presets.find(({ name }) => name === cost.preset)?.description}</p>
              </>
            )}
            <PresetCost cost={cost} />
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
