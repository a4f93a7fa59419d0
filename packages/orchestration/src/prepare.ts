/** Builds an experiment from all of a user's settings: preset, file, command line and environment. */
import { resolve } from 'node:path';
import type { FolderLayout } from '@chorus/data';
import type { PresetCandidate } from './check/check-run.ts';
import { advise, ConfigError } from './errors.ts';
import type { ExperimentFile } from './experiment/experiment-file.ts';
import { loadExperimentFile } from './experiment/load-experiment-file.ts';
import {
  choosePreset,
  choosePresetFor,
  type PresetChoice,
  type PresetName,
  presets,
} from './experiment/presets/presets.ts';
import { mergeLayers, parseAssignment, parseWorkers, resolveExperiment } from './experiment/resolve.ts';
import type { Experiment } from './experiment/schema.ts';
import { findGpus } from './lanes/choose-lanes.ts';
import { isNamedSource, namedSources } from './run/dataset.ts';
import { isNamedWeights, missingWeights } from './run/initial-weights.ts';

/**
 * The user's settings, in ascending precedence: preset, file, assignments, then data, weights and workers. CHORUS_WORKERS
 * applies if none of these sets workers, CHORUS_WEIGHTS if the weights are `auto`.
 */
export interface Named {
  /** The name of a preset, or `auto`, in which case the file may name one. */
  preset: string;
  /** Absolute path of a `.ts`, `.js`, `.mjs` or `.json` file with an experiment. */
  file?: string;
  /** `path=value`, such as `recipe.batchSize=16`. */
  assignments?: readonly string[];
  data?: string | undefined;
  /** `auto`, `classes` or `splits`: what the top folders of the data folder are. */
  layout?: string | undefined;
  /** Also follows links out of the data folder. */
  followLinks?: boolean | undefined;
  weights?: string | undefined;
  workers?: string | undefined;
  /** Base folder of relative paths of data and weights. */
  base: string;
  environment: { CHORUS_WEIGHTS?: string | undefined; CHORUS_WORKERS?: string | undefined };
}

/**
 * Builds an experiment.
 *
 * @returns the experiment and its preset, which is undefined for `auto` if the experiment has its own members.
 * @throws ConfigError for an invalid setting or config file.
 */
export async function prepareExperiment(
  named: Named,
): Promise<{ experiment: Experiment; preset: PresetChoice | undefined }> {
  const { experiment, preset } = await prepareCandidates(named);
  return { experiment, preset };
}

/**
 * Builds an experiment, and the same experiment with every other preset.
 *
 * @returns `others` is empty if the experiment has its own members, since another preset would change little. A preset that starts
 * from random weights keeps them in `others`, whatever weights the settings name.
 * @throws ConfigError as {@link prepareExperiment}; a preset that conflicts with the settings has an `obstacle` instead.
 */
export async function prepareCandidates(
  named: Named,
): Promise<{ experiment: Experiment; preset: PresetChoice | undefined; others: PresetCandidate[] }> {
  const file = named.file === undefined ? {} : await loadExperimentFile(named.file);
  // An empty variable counts as unset.
  const { CHORUS_WEIGHTS: weightsFolder = '', CHORUS_WORKERS: workersList = '' } = named.environment;
  const layers: ExperimentFile[] = [
    ...(workersList === '' ? [] : [{ workers: parseWorkers(workersList) }]),
    file,
    // A single layer, so that the order of assignments to a `kind` and its other keys does not matter.
    mergeLayers(...(named.assignments ?? []).map(parseAssignment)),
    ...(named.data === undefined ? [] : [{ data: { source: named.data } }]),
    ...(named.layout === undefined ? [] : [{ data: { layout: named.layout as FolderLayout } }]),
    ...(named.followLinks ? [{ data: { followLinks: true } }] : []),
    ...(named.weights === undefined ? [] : [{ weights: named.weights }]),
    ...(named.workers === undefined ? [] : [{ workers: parseWorkers(named.workers) }]),
  ];
  const { $schema, preset: ownPreset, ...own }: ExperimentFile = mergeLayers(...layers);
  for (const [key, value] of Object.entries({ $schema, preset: ownPreset }))
    if (value !== undefined && typeof value !== 'string')
      throw new ConfigError(`${key}: expected a string (received ${JSON.stringify(value).slice(0, 80)}).`);
  // Relative paths are resolved against the user's folder, in all layers.
  const path = (value: string, isName: boolean) => (isName ? value : resolve(named.base, value));
  const resolved = (preset: object, last: object = {}): Experiment => {
    const experiment = resolveExperiment(preset, own, last);
    const { source, exclude } = experiment.data;
    return {
      ...experiment,
      data: {
        ...experiment.data,
        source: path(source, isNamedSource(source)),
        ...(exclude === undefined ? {} : { exclude: path(exclude, false) }),
      },
      weights:
        experiment.weights === 'auto' && weightsFolder !== ''
          ? resolve(named.base, weightsFolder)
          : path(experiment.weights, isNamedWeights(experiment.weights)),
    };
  };
  const dataNamed = own.data?.source !== undefined;
  const weightsNamed = weightsFolder !== '' || own.weights !== undefined;
  const preset = await choose();
  if (!dataNamed && preset?.experiment.data?.source === undefined)
    throw advise(
      new ConfigError(`${preset === undefined ? 'The experiment' : `Preset ${preset.name}`} needs images.`),
      { code: 'data-needed', data: { names: namedSources.join(',') } },
    );
  const others = own.members === undefined ? presetIds.filter((name) => name !== preset?.name).map(candidate) : [];
  return { experiment: resolved(preset?.experiment ?? {}), preset, others };

  function candidate(name: PresetName): PresetCandidate {
    const { experiment } = presets[name];
    try {
      return {
        preset: name,
        experiment: resolved(experiment, experiment.weights === 'random' ? { weights: 'random' } : {}),
      };
    } catch (error) {
      if (error instanceof ConfigError) return { preset: name, obstacle: error.message };
      throw error;
    }
  }

  /** Whether all weights exist; a preset that conflicts with the settings counts as having none. */
  async function fits(name: PresetName): Promise<boolean> {
    try {
      return (await missingWeights(resolved(presets[name].experiment), named.environment)) === undefined;
    } catch (error) {
      if (error instanceof ConfigError) return false;
      throw error;
    }
  }

  async function choose(): Promise<PresetChoice | undefined> {
    if (named.preset !== 'auto') return choosePreset(named.preset);
    if (ownPreset !== undefined && ownPreset !== 'auto') return choosePreset(ownPreset, 'named in the experiment');
    // The members are the user's own, and the presets' settings are meant for other members.
    if (own.members !== undefined) return undefined;
    return choosePresetFor({
      dataNamed,
      weightsNamed,
      fromScratch: own.weights === 'random',
      gpuCount: (await findGpus()).length,
      hasWeightsFor: fits,
    });
  }
}

// --- internal ---

const presetIds = Object.keys(presets) as PresetName[];
