/** Finds the initial weights of each member, before any image is decoded. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chooseWeightFile, type PublishedFile, variantOf, type WeightFileChoice } from '@chorus/models';
import { type FetchedFile, isSystemFile, StorageError, sha256File, systemErrorText } from '@chorus/storage';
import type { InitialWeights } from '@chorus/training';
import { advise, ConfigError } from '../errors.ts';
import { backboneSpecOf, type Experiment, type MemberSpec } from '../experiment/schema.ts';
import type { Downloads } from './downloads.ts';
import { ensurePublishedWeights } from './published-weights.ts';

/** Names that can be given instead of a folder of weights. */
const namedWeights: readonly string[] = ['auto', 'imagenet', 'random'];

export function isNamedWeights(weights: string): boolean {
  return namedWeights.includes(weights);
}

type Request = Pick<Experiment, 'weights' | 'members' | 'inputSize'>;
interface Environment {
  CHORUS_WEIGHTS?: string | undefined;
}

/** The source of an experiment's weights: `random`, `imagenet`, or the absolute path of a folder. */
export function weightSource({ weights }: Pick<Experiment, 'weights'>, { CHORUS_WEIGHTS = '' }: Environment): string {
  if (weights === 'random' || weights === 'imagenet') return weights;
  if (weights !== 'auto') return resolve(weights);
  return CHORUS_WEIGHTS === '' ? 'imagenet' : resolve(CHORUS_WEIGHTS);
}

/**
 * Finds every member's initial weights. Downloads published weights that are not in the cache; never falls back to random
 * weights.
 *
 * @returns weights in the order of the members.
 * @throws ConfigError when a folder has no weights for a member; StorageError when published weights cannot be downloaded.
 */
export async function findInitialWeights(
  experiment: Request,
  environment: Environment,
  downloads: Downloads = {},
): Promise<InitialWeights[]> {
  const source = weightSource(experiment, environment);
  if (source === 'random') return experiment.members.map(() => ({ kind: 'random' }));
  const files = source === 'imagenet' ? undefined : await h5Files(source);
  const found: InitialWeights[] = [];
  // Sequential, because members of the same architecture share a file.
  for (const member of experiment.members) {
    const { inputSize } = backboneSpecOf(member, experiment);
    if (files === undefined) {
      const { file, trainedSize } = publishedFileOf(member, experiment);
      const { path, sha256 } = await download(file, downloads);
      found.push(initialWeights({ path, sha256 }, trainedSize, inputSize));
    } else {
      const { file, trainedSize } = chooseIn(source, files, member, experiment);
      const path = join(source, file.name);
      found.push(initialWeights({ path, sha256: await sha256File(path) }, trainedSize, inputSize));
    }
  }
  return found;
}

/**
 * The message of the error that `findInitialWeights` would throw for a folder. Published weights never count as missing.
 *
 * @returns undefined if no weights are missing.
 */
export async function missingWeights(experiment: Request, environment: Environment): Promise<string | undefined> {
  const source = weightSource(experiment, environment);
  if (source === 'random' || source === 'imagenet') return undefined;
  try {
    const names = await h5Files(source);
    for (const member of experiment.members) chooseIn(source, names, member, experiment);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** The published file that a member starts from. */
export function publishedFileOf(
  member: MemberSpec,
  experiment: Pick<Experiment, 'inputSize'>,
): { file: PublishedFile; trainedSize: number } {
  const backbone = backboneSpecOf(member, experiment);
  return chooseWeightFile(backbone, backbone.inputSize)!;
}

// --- internal ---

async function h5Files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const message = `Cannot read the folder of weight files ${folder}: ${systemErrorText(error)}.`;
    throw advise(new ConfigError(message), { code: 'weights-folder' });
  });
  return entries.filter((entry) => entry.name.endsWith('.h5') && !isSystemFile(entry)).map(({ name }) => name);
}

function chooseIn(folder: string, names: readonly string[], member: MemberSpec, experiment: Request): WeightFileChoice {
  const backbone = backboneSpecOf(member, experiment);
  const choice = chooseWeightFile(backbone, backbone.inputSize, names);
  if (choice === undefined)
    throw advise(
      new ConfigError(
        `${folder} has no weights for member ${member.name} (${backbone.family} ${variantOf(backbone).name}); it has ${names.join(', ') || 'no .h5 file'}.`,
      ),
      { code: 'weights-folder' },
    );
  return choice;
}

async function download(file: PublishedFile, { onDownload, ...fetching }: Downloads): Promise<FetchedFile> {
  const onProgress = (bytes: number, total: number | undefined) => onDownload?.(file.name, bytes, total);
  return ensurePublishedWeights(file, { ...fetching, onProgress }).catch((error: Error) => {
    throw error instanceof StorageError ? advise(error, { code: 'weights-download' }) : error;
  });
}

function initialWeights(
  file: { path: string; sha256: string },
  trainedSize: number,
  inputSize: number,
): InitialWeights {
  const note = trainedSize === inputSize ? {} : { note: `trained at ${trainedSize} px, used at ${inputSize} px` };
  return { kind: 'file', ...file, ...note };
}
