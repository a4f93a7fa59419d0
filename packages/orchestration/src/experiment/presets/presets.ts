import { ConfigError } from '../../errors.ts';
import type { ExperimentInput } from '../schema.ts';
import { article } from './article.ts';
import { cpu } from './cpu.ts';
import { demo } from './demo.ts';
import { mobile } from './mobile.ts';
import { sound } from './sound.ts';

/** `wantsGpu`: a CPU would need hours. */
export const presets = {
  article: { experiment: article, wantsGpu: true },
  sound: { experiment: sound, wantsGpu: true },
  cpu: { experiment: cpu, wantsGpu: false },
  mobile: { experiment: mobile, wantsGpu: false },
  demo: { experiment: demo, wantsGpu: false },
} satisfies Record<string, { experiment: Partial<ExperimentInput>; wantsGpu: boolean }>;

export type PresetName = keyof typeof presets;

/** Names that `--preset` takes, the default first. */
export const presetNames: readonly (PresetName | 'auto')[] = ['auto', ...(Object.keys(presets) as PresetName[])];

export interface PresetChoice {
  name: PresetName;
  /** Why `auto` took it; for a preset that was named, that it was. */
  reason: string;
  experiment: Partial<ExperimentInput>;
}

/**
 * Finds a preset by its name.
 *
 * @throws ConfigError listing the presets when there is none of that name.
 */
export function choosePreset(name: string): PresetChoice {
  if (!Object.hasOwn(presets, name))
    throw new ConfigError(`There is no preset "${name}"; expected one of ${presetNames.join(', ')}.`);
  return choice(name as PresetName, 'named on the command line');
}

/** What `auto` goes by. */
export interface Situation {
  dataNamed: boolean;
  weightsNamed: boolean;
  gpuCount: number;
  /** Whether first weights of all the preset's members can be had here: from the folder that was named, or published. */
  hasWeightsFor(preset: PresetName): Promise<boolean>;
}

/** What `auto` stands for: by what was named, by the hardware and by the weights that are there. */
export async function choosePresetFor(situation: Situation): Promise<PresetChoice> {
  if (!situation.dataNamed && !situation.weightsNamed)
    return choice('demo', 'neither data nor weights were named, so generated shapes and random weights stand in');
  const { gpuCount } = situation;
  const preferred = gpuCount > 0 ? 'sound' : 'cpu';
  const hardware = gpuCount === 0 ? 'no GPU here' : `${gpuCount} GPU${gpuCount > 1 ? 's' : ''} here`;
  if (await situation.hasWeightsFor(preferred)) return choice(preferred, hardware);
  // The folder has no InceptionV3 and Xception; MobileNets are fine-tuned anywhere in minutes.
  if (await situation.hasWeightsFor('mobile'))
    return choice('mobile', `${hardware}, and the weights that were named are those of MobileNets`);
  return choice(preferred, hardware);
}

// --- internal ---

function choice(name: PresetName, reason: string): PresetChoice {
  return { name, reason, experiment: presets[name].experiment };
}
