/** Finds and checks the initial weights of each member, before any image is decoded. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  checkBackboneWeights,
  chooseWeightFile,
  ModelError,
  type PublishedFile,
  variantOf,
  type WeightFileChoice,
} from '@chorus/models';
import { isSystemFile, StorageError, sha256, systemErrorText } from '@chorus/storage';
import { type InitialWeights, readWeightFile } from '@chorus/training';
import { advise, ConfigError } from '../errors.ts';
import { backboneSpecOf, type MemberSpec } from '../experiment/member.ts';
import { type Experiment, modelsOf } from '../experiment/schema.ts';
import type { Downloads } from './downloads.ts';
import { ensurePublishedWeights, publishedWeightsPath, undownloadable } from './published-weights.ts';

/** Names that can be given instead of a folder of weights. */
const namedWeights: readonly string[] = ['auto', 'imagenet', 'random'];

export function isNamedWeights(weights: string): boolean {
  return namedWeights.includes(weights);
}

type Request = Pick<Experiment, 'weights' | 'members' | 'inputSize'> & Partial<Pick<Experiment, 'student'>>;
interface Environment {
  CHORUS_WEIGHTS?: string | undefined;
}

/** The source of an experiment's weights: `random`, `imagenet`, or the absolute path of a folder. */
export function weightSource({ weights }: Pick<Experiment, 'weights'>, { CHORUS_WEIGHTS = '' }: Environment): string {
  if (weights === 'random' || weights === 'imagenet') return weights;
  if (weights !== 'auto') return resolve(weights);
  return CHORUS_WEIGHTS === '' ? 'imagenet' : resolve(CHORUS_WEIGHTS);
}

/** Promises of the hashes of files that have been matched with a backbone, so that none is read twice. */
export type MatchedFiles = Map<string, Promise<string>>;

/**
 * Finds the initial weights of every member and of the student, and matches each file with its backbone. Downloads published weights that are not in
 * the cache; never falls back to random weights.
 *
 * @returns weights in the order of {@link modelsOf}.
 * @throws ConfigError when a folder or, for weights that cannot be downloaded, the cache has none for a member; StorageError when published weights cannot be downloaded or a
 * file cannot be read; ModelError when a file does not fit its member's backbone.
 */
export async function findInitialWeights(
  experiment: Request,
  environment: Environment,
  downloads: Downloads = {},
): Promise<InitialWeights[]> {
  const source = weightSource(experiment, environment);
  if (source === 'random') return modelsOf(experiment).map(() => ({ kind: 'random' }));
  const files = source === 'imagenet' ? undefined : await weightFiles(source);
  // Missing files are reported before any file is read.
  const choices = modelsOf(experiment).map((member) => ({
    member,
    ...(files === undefined ? publishedFileOf(member, experiment) : chooseIn(source, files, member, experiment)),
  }));
  const problem = files === undefined ? missingFromCache(experiment) : undefined;
  if (problem !== undefined) throw problem;
  const matched: MatchedFiles = new Map();
  const found: InitialWeights[] = [];
  // Sequential, because members of the same architecture share a file.
  for (const { member, file, trainedSize } of choices) {
    const path = files === undefined ? await download(file, downloads) : join(source, file.name);
    const hash = await matchFile(path, member, experiment, matched).catch((error: unknown) => {
      const code = files === undefined ? 'weights-download' : 'weights-folder';
      throw error instanceof StorageError || error instanceof ModelError ? advise(error, { code }) : error;
    });
    const { inputSize } = backboneSpecOf(member, experiment);
    found.push(initialWeights({ path, sha256: hash }, trainedSize, inputSize));
  }
  return found;
}

/**
 * The message of the error that `findInitialWeights` would throw for the names of a folder's files, without reading them.
 * Published weights that can be downloaded never count as missing.
 *
 * @returns undefined if no weights are missing.
 */
export async function missingWeights(experiment: Request, environment: Environment): Promise<string | undefined> {
  const source = weightSource(experiment, environment);
  if (source === 'random') return undefined;
  if (source === 'imagenet') return missingFromCache(experiment)?.message;
  try {
    const names = await weightFiles(source);
    for (const member of modelsOf(experiment)) chooseIn(source, names, member, experiment);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/**
 * The message of the error that `findInitialWeights` would throw, without downloading anything: reads the files that exist, in
 * a folder or in the cache, and matches them with their backbones.
 *
 * @param matched the results of earlier calls; this call adds its own.
 * @returns undefined if no file is missing that cannot be downloaded, and all files fit.
 */
export async function unusableWeights(
  experiment: Request,
  environment: Environment,
  matched: MatchedFiles = new Map(),
): Promise<string | undefined> {
  const source = weightSource(experiment, environment);
  if (source === 'random') return undefined;
  try {
    const names = source === 'imagenet' ? undefined : await weightFiles(source);
    const problem = names === undefined ? missingFromCache(experiment) : undefined;
    if (problem !== undefined) throw problem;
    const models = modelsOf(experiment);
    const paths = models.map((member) =>
      names === undefined
        ? publishedWeightsPath(publishedFileOf(member, experiment).file.name)
        : join(source, chooseIn(source, names, member, experiment).file.name),
    );
    for (const [index, path] of paths.entries())
      if (names !== undefined || existsSync(path)) await matchFile(path, models[index]!, experiment, matched);
    return undefined;
  } catch (error) {
    if ([ConfigError, ModelError, StorageError].some((kind) => error instanceof kind)) return (error as Error).message;
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

/** The error for the first member whose published weights are not in the cache and cannot be downloaded. */
function missingFromCache(experiment: Omit<Request, 'weights'>): ConfigError | undefined {
  for (const member of modelsOf(experiment)) {
    const problem = undownloadable(member.backbone, publishedFileOf(member, experiment).file);
    if (problem !== undefined) return advise(new ConfigError(problem), { code: 'weights-download' });
  }
  return undefined;
}

async function weightFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const message = `Cannot read the folder of weight files ${folder}: ${systemErrorText(error)}.`;
    throw advise(new ConfigError(message), { code: 'weights-folder' });
  });
  return entries
    .filter((entry) => /\.(h5|safetensors)$/.test(entry.name) && !isSystemFile(entry))
    .map(({ name }) => name);
}

function chooseIn(folder: string, names: readonly string[], member: MemberSpec, experiment: Request): WeightFileChoice {
  const backbone = backboneSpecOf(member, experiment);
  const choice = chooseWeightFile(backbone, backbone.inputSize, names);
  if (choice === undefined)
    throw advise(
      new ConfigError(
        `${folder} has no weights for member ${member.name} (${backbone.family} ${variantOf(backbone).name}); it has ${names.join(', ') || 'no .h5 or .safetensors file'}.`,
      ),
      { code: 'weights-folder' },
    );
  return choice;
}

/** The hash of a file that fits a member's backbone. */
function matchFile(path: string, member: MemberSpec, experiment: Request, matched: MatchedFiles): Promise<string> {
  const backbone = backboneSpecOf(member, experiment);
  const variant = variantOf(backbone).name;
  const key = `${backbone.family} ${variant} ${path}`;
  const hash = matched.get(key) ?? hashOfFitting(path, { family: backbone.family, variant });
  matched.set(key, hash);
  return hash;
}

async function hashOfFitting(path: string, backbone: Parameters<typeof checkBackboneWeights>[0]): Promise<string> {
  const bytes = await readWeightFile(path);
  await checkBackboneWeights(backbone, { name: path, bytes });
  return sha256(bytes);
}

/** @returns the path of the file in the cache. */
async function download(file: PublishedFile, { onDownload, ...fetching }: Downloads): Promise<string> {
  if (file.url === undefined) return publishedWeightsPath(file.name);
  const onProgress = (bytes: number, total: number | undefined) => onDownload?.(file.name, bytes, total);
  const { path } = await ensurePublishedWeights(file, { ...fetching, onProgress }).catch((error: Error) => {
    throw error instanceof StorageError ? advise(error, { code: 'weights-download' }) : error;
  });
  return path;
}

function initialWeights(
  file: { path: string; sha256: string },
  trainedSize: number,
  inputSize: number,
): InitialWeights {
  const note = trainedSize === inputSize ? {} : { note: `trained at ${trainedSize} px, used at ${inputSize} px` };
  return { kind: 'file', ...file, ...note };
}
