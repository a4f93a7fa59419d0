/** Results of trained ensembles, kept in files, so that a stopped comparison continues. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { publishFile } from '@chorus/storage';
import { ArgumentError } from '../arguments.ts';
import { type EnsembleResult, trainEnsemble } from './chorus-ensemble.ts';
import type { Draw } from './draw-images.ts';

/** What a result depends on. */
export interface ResultSource {
  seed: number;
  /** What differs from the preset. */
  changes: object;
  /** Folder of initial weights. */
  weights: string;
  /** Paths of the training images, and their labels. */
  images: string[];
  labels: number[];
  testImages: string[];
}

/**
 * Trains an ensemble, or reads the result of an earlier call.
 *
 * The arguments are those of {@link trainEnsemble}; the result is kept beside `folder`, under its name with `.json`.
 *
 * @throws ArgumentError when the kept result is of other arguments.
 */
export async function keptEnsemble(
  ...[draw, pool, features, options]: Parameters<typeof trainEnsemble>
): Promise<EnsembleResult> {
  const path = `${options.folder}.json`;
  const source = sourceOf(draw, pool, options);
  const kept = await readResult(path, source);
  if (kept !== undefined) return kept;
  const result = await trainEnsemble(draw, pool, features, options);
  await keepResult(path, source, result);
  return result;
}

export async function keepResult(path: string, source: ResultSource, result: EnsembleResult): Promise<void> {
  const probabilities = [...result.probabilities].map(([name, values]) => [name, [...values]]);
  await publishFile(path, JSON.stringify({ source, ...result, probabilities }));
}

/**
 * Reads a kept result.
 *
 * @returns undefined if there is none.
 * @throws ArgumentError when it has another source.
 */
export async function readResult(path: string, source: ResultSource): Promise<EnsembleResult | undefined> {
  if (!existsSync(path)) return undefined;
  const { source: kept = {}, ...result } = JSON.parse(await readFile(path, 'utf8'));
  const differing = Object.entries(source)
    .filter(([name, value]) => JSON.stringify(kept[name]) !== JSON.stringify(value))
    .map(([name]) => name);
  if (differing.length > 0)
    throw new ArgumentError(
      `${path} has the result of a training with other ${differing.join(', ')}; remove this file, or name another --folder.`,
    );
  const probabilities: [string, number[]][] = result.probabilities;
  return {
    ...result,
    probabilities: new Map(probabilities.map(([name, values]) => [name, Float32Array.from(values)])),
  };
}

// --- internal ---

function sourceOf(
  { images, labels }: Draw,
  { train, test }: Parameters<typeof trainEnsemble>[1],
  { seed, changes = {}, weights }: Parameters<typeof trainEnsemble>[3],
): ResultSource {
  return { seed, changes, weights, images: images.map((image) => train.paths[image]!), labels, testImages: test.paths };
}
