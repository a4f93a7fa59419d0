import { choosePreset } from './experiment/presets/presets.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import { dataFolder } from './run/dataset.ts';
import type { Downloads } from './run/downloads.ts';
import { findInitialWeights } from './run/initial-weights.ts';

/**
 * Brings what a preset needs into the cache: its members' first weights and, where it names one, its data set.
 *
 * @returns the files and folders, each once.
 * @throws ConfigError when there is no such preset; StorageError when something cannot be had.
 */
export async function prefetchPreset(
  name: string,
  environment: { CHORUS_WEIGHTS?: string | undefined },
  downloads: Downloads = {},
): Promise<string[]> {
  const preset = choosePreset(name);
  const weights = await findInitialWeights(resolveExperiment(preset.experiment), environment, downloads);
  const source = preset.experiment.data?.source;
  const paths = weights.flatMap((one) => (one.kind === 'file' ? [one.path] : []));
  return [...new Set([...paths, ...(source === undefined ? [] : [await dataFolder(source, downloads)])])];
}
