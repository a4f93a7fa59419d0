import { closest, distance } from 'fastest-levenshtein';
import { ConfigError } from '../../errors.ts';
import { renamedPreset } from '../renamed.ts';
import type { ExperimentInput } from '../schema.ts';
import { article, articleChoices } from './article.ts';
import { cpu } from './cpu.ts';
import { demo } from './demo.ts';
import { full } from './full.ts';
import { mobile } from './mobile.ts';

interface Preset {
  experiment: Partial<ExperimentInput>;
  /** A CPU would need hours. */
  wantsGpu: boolean;
  /** What was chosen where the procedure that it follows is silent. */
  choices?: readonly string[];
}

export const presets = {
  article: { experiment: article, wantsGpu: true, choices: articleChoices },
  full: { experiment: full, wantsGpu: true },
  cpu: { experiment: cpu, wantsGpu: false },
  mobile: { experiment: mobile, wantsGpu: false },
  demo: { experiment: demo, wantsGpu: false },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** Names of presets, the default first. */
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
export function choosePreset(name: string, reason = 'named on the command line'): PresetChoice {
  if (!Object.hasOwn(presets, name)) {
    const renamed = renamedPreset(name);
    if (renamed !== undefined) throw new ConfigError(`The preset "${name}" is now called "${renamed}".`);
    const names = Object.keys(presets);
    const near = closest(name, names);
    const hint = distance(near, name) <= 2 ? `did you mean ${near}?` : `expected one of ${names.join(', ')}.`;
    throw new ConfigError(`There is no preset "${name}"; ${hint}`);
  }
  return choice(name as PresetName, reason);
}

/** What `auto` goes by. */
export interface Situation {
  dataNamed: boolean;
  weightsNamed: boolean;
  /** Random weights were named. */
  fromScratch: boolean;
  gpuCount: number;
  /** Whether first weights of all the preset's members can be had here: from the folder that was named, or published. */
  hasWeightsFor(preset: PresetName): Promise<boolean>;
}

/** What `auto` stands for: by what was named, by the hardware and by the weights that are there. */
export async function choosePresetFor(situation: Situation): Promise<PresetChoice> {
  if (!situation.dataNamed && !situation.weightsNamed)
    return choice('demo', 'neither data nor weights were named, so generated shapes and random weights stand in');
  if (situation.fromScratch) return choice('mobile', 'of random weights MobileNets learn the fastest');
  const { gpuCount } = situation;
  const preferred = gpuCount > 0 ? 'full' : 'cpu';
  const hardware = gpuCount === 0 ? 'no GPU here' : `${gpuCount} GPU${gpuCount > 1 ? 's' : ''} here`;
  if (await situation.hasWeightsFor(preferred)) return choice(preferred, hardware);
  // The folder has no InceptionV3 and Xception; MobileNets are fine-tuned anywhere in minutes.
  if (await situation.hasWeightsFor('mobile'))
    return choice('mobile', `${hardware}, and the weights that were named are those of MobileNets`);
  return choice(preferred, hardware);
}

/** What a preset chose where the procedure that it follows is silent; nothing for other presets and none. */
export function choicesOf(name: string): readonly string[] {
  const preset: Preset | undefined = Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
  return preset?.choices ?? [];
}

// --- internal ---

function choice(name: PresetName, reason: string): PresetChoice {
  return { name, reason, experiment: presets[name].experiment };
}
