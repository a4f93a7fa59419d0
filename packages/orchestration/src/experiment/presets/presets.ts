import { closest, distance } from 'fastest-levenshtein';
import { ConfigError } from '../../errors.ts';
import { renamedPreset } from '../renamed.ts';
import type { ExperimentInput } from '../schema.ts';
import { article, articleChoices } from './article.ts';
import { cpu } from './cpu.ts';
import { demo } from './demo.ts';
import { full } from './full.ts';
import { mobile } from './mobile.ts';
import { scratch } from './scratch.ts';

interface Preset {
  /** One sentence for someone who chooses. */
  summary: string;
  experiment: Partial<ExperimentInput>;
  /** Whether training would take hours on a CPU. */
  wantsGpu: boolean;
  /** Whether its accuracy was measured with weights that someone can have: `docs/presets.md` has the results. */
  isMeasured: boolean;
  /** Choices made where the reproduced procedure does not specify. */
  choices?: readonly string[];
}

export const presets = {
  article: {
    summary: 'The published procedure that Chorus reproduces, with its flaws; for comparison only.',
    experiment: article,
    wantsGpu: true,
    isMeasured: true,
    choices: articleChoices,
  },
  full: {
    summary: 'Three pretrained networks, of which all layers are trained, on five folds: for machines with GPUs.',
    experiment: full,
    wantsGpu: true,
    isMeasured: false,
  },
  cpu: {
    summary:
      'Three pretrained networks, of which only the heads are trained, on features that are computed once: minutes on a CPU.',
    experiment: cpu,
    wantsGpu: false,
    isMeasured: true,
  },
  mobile: {
    summary: 'Three small pretrained networks, trained as in cpu: 29 MB, small enough for a browser.',
    experiment: mobile,
    wantsGpu: false,
    isMeasured: true,
  },
  scratch: {
    summary: 'Three small networks that are trained from random weights, for images unlike photographs.',
    experiment: scratch,
    wantsGpu: false,
    isMeasured: false,
  },
  demo: {
    summary: 'Three networks that are trained from random weights on drawn shapes, to try Chorus.',
    experiment: demo,
    wantsGpu: false,
    isMeasured: true,
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

export interface PresetDescription {
  name: PresetName | 'auto';
  /** One sentence; a second one if its accuracy has not been measured. */
  summary: string;
  /** Whether training would take hours on a CPU. */
  wantsGpu: boolean;
}

/** The default first. */
export const presetDescriptions: readonly PresetDescription[] = [
  { name: 'auto', summary: 'Chooses a preset by the images, weights and devices.', wantsGpu: false },
  ...Object.entries<Preset>(presets).map(([name, { summary, wantsGpu, isMeasured }]) => ({
    name: name as PresetName,
    summary: isMeasured ? summary : `${summary} Its accuracy has not been measured.`,
    wantsGpu,
  })),
];

/** Preset names, the default first. */
export const presetNames: readonly (PresetName | 'auto')[] = ['auto', ...(Object.keys(presets) as PresetName[])];

export interface PresetChoice {
  name: PresetName;
  /** Why this preset was chosen. */
  reason: string;
  experiment: Partial<ExperimentInput>;
}

/**
 * Finds a preset by its name.
 *
 * @throws ConfigError for an unknown name, suggesting a similar one or listing the presets.
 */
export function choosePreset(name: string, reason = 'chosen by its name'): PresetChoice {
  if (!Object.hasOwn(presets, name)) {
    const renamed = renamedPreset(name);
    if (renamed !== undefined) throw new ConfigError(`The preset "${name}" is now called "${renamed}".`);
    const names = Object.keys(presets);
    const near = closest(name, names);
    const hint = distance(near, name) <= 2 ? `did you mean ${near}?` : `expected one of: ${names.join(', ')}.`;
    throw new ConfigError(`Unknown preset ${JSON.stringify(name.slice(0, 80))}; ${hint}`);
  }
  return choice(name as PresetName, reason);
}

/** What `auto` bases its choice on. */
export interface Situation {
  dataNamed: boolean;
  weightsNamed: boolean;
  /** Whether the user asked for random weights. */
  fromScratch: boolean;
  gpuCount: number;
  /** Whether initial weights are available for all of the preset's members, in the given folder or published. */
  hasWeightsFor(preset: PresetName): Promise<boolean>;
}

/** Chooses the preset for `auto` from the given data and weights, the hardware and the available weights. */
export async function choosePresetFor(situation: Situation): Promise<PresetChoice> {
  if (!situation.dataNamed && !situation.weightsNamed)
    return choice('demo', 'no data or weights given, so generated shapes and random weights are used');
  if (situation.fromScratch) return choice('scratch', 'the weights are random');
  const { gpuCount } = situation;
  const hardware = gpuCount === 0 ? 'no GPU found' : `${gpuCount} GPU${gpuCount > 1 ? 's' : ''} found`;
  // `full` is for GPUs, but it has not been measured, and training all layers did worse where it was.
  if (await situation.hasWeightsFor('cpu'))
    return choice(
      'cpu',
      gpuCount === 0 ? hardware : `${hardware}, but full, which trains all layers, has not been measured`,
    );
  const others: PresetName[] = gpuCount > 0 ? ['full', 'mobile'] : ['mobile'];
  for (const name of others)
    if (await situation.hasWeightsFor(name))
      return choice(name, `${hardware}, and there are no initial weights for cpu`);
  // Its training names the weights that are missing.
  return choice('cpu', hardware);
}

/** A preset's choices where the reproduced procedure does not specify; empty for other presets and for no preset. */
export function choicesOf(name: string): readonly string[] {
  const preset: Preset | undefined = Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
  return preset?.choices ?? [];
}

// --- internal ---

function choice(name: PresetName, reason: string): PresetChoice {
  const { experiment, isMeasured } = presets[name];
  return { name, reason: isMeasured ? reason : `${reason}; its accuracy has not been measured`, experiment };
}
