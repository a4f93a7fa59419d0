import { ConfigError } from '../../errors.ts';
import type { ExperimentInput } from '../schema.ts';
import { demo } from './demo.ts';
import { mobile } from './mobile.ts';

const presets = { mobile, demo } satisfies Record<string, Partial<ExperimentInput>>;

export type PresetName = keyof typeof presets | 'auto';

/** Names that `--preset` takes, the default first. */
export const presetNames: readonly PresetName[] = ['auto', ...(Object.keys(presets) as (keyof typeof presets)[])];

export interface PresetChoice {
  name: Exclude<PresetName, 'auto'>;
  /** Why `auto` took it; for a preset that was named, that it was. */
  reason: string;
  experiment: Partial<ExperimentInput>;
}

/**
 * Finds a preset by name; `auto` picks by what was named and by the hardware.
 *
 * @param situation what the user named and whether this machine has a GPU.
 * @throws ConfigError listing the presets when there is none of that name.
 */
export function choosePreset(
  name: string,
  situation: { dataNamed: boolean; weightsNamed: boolean; gpuCount: number },
): PresetChoice {
  if (name !== 'auto') {
    if (!Object.hasOwn(presets, name))
      throw new ConfigError(`There is no preset "${name}"; expected one of ${presetNames.join(', ')}.`);
    const named = name as keyof typeof presets;
    return { name: named, reason: 'named on the command line', experiment: presets[named] };
  }
  if (!situation.dataNamed && !situation.weightsNamed)
    return {
      name: 'demo',
      reason: 'neither data nor weights were named, so generated shapes and random weights stand in',
      experiment: demo,
    };
  const hardware =
    situation.gpuCount === 0 ? 'no GPU here' : `${situation.gpuCount} GPU${situation.gpuCount > 1 ? 's' : ''} here`;
  return {
    name: 'mobile',
    reason: `${hardware}; MobileNets are what this version can fine-tune anywhere in minutes`,
    experiment: mobile,
  };
}
