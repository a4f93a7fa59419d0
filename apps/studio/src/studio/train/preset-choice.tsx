import type { CheckState, PresetDescription } from '@chorus/studio-api/protocol';
import { PresetCost } from '../data/preset-cost.tsx';

/** The presets, with what they cost if the data has been checked. */
export function PresetChoice({
  presets,
  check,
  value,
  onChange,
}: {
  presets: readonly PresetDescription[];
  check: CheckState | undefined;
  value: string;
  onChange: (preset: string) => void;
}) {
  const costs = check?.status === 'done' ? check.report.presets : [];
  const chosenByCheck = costs.find(({ chosen }) => chosen);
  return (
    <fieldset class="presets">
      <legend>Preset</legend>
      {presets.map(({ name, description, wantsGpu }) => {
        const cost = name === 'auto' ? chosenByCheck : costs.find(({ preset }) => preset === name);
        return (
          <label key={name} class="panel preset">
            <input type="radio" name="preset" value={name} checked={value === name} onChange={() => onChange(name)} />
            <span>
              <b>{name}</b>
              {name === 'auto' && chosenByCheck !== undefined && (
                <span class="badge">here: {chosenByCheck.preset}</span>
              )}
              {wantsGpu && <span class="badge">for a GPU</span>}
              <span class="block">{description}</span>
              {cost !== undefined && <PresetCost cost={cost} />}
            </span>
          </label>
        );
      })}
      {costs.length === 0 && <p class="hint">Check the data to see here how long each preset takes.</p>}
    </fieldset>
  );
}
