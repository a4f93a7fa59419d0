import { choosePreset } from './experiment/presets/presets.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import { dataFolder } from './run/dataset.ts';
import type { Downloads } from './run/downloads.ts';
import { findInitialWeights } from './run/initial-weights.ts';

/**
 * Downloads what a preset needs into the cache: its members' initial weights and, if it has one, its data set.
 *
 * @returns the distinct files and folders.
 * @throws ConfigError for an unknown preset; StorageError when a download fails.
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
