/** Results of trained ensembles, kept in files, so that a stopped comparison continues. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { publishFile } from '@chorus/storage';
import { type EnsembleResult, trainEnsemble } from './chorus-ensemble.ts';

/**
 * Trains an ensemble, or reads the result of an earlier call.
 *
 * The arguments are those of {@link trainEnsemble}; the result is kept beside `folder`, under its name with `.json`.
 */
export async function keptEnsemble(
  ...[draw, pool, features, options]: Parameters<typeof trainEnsemble>
): Promise<EnsembleResult> {
  const path = `${options.folder}.json`;
  if (!existsSync(path)) {
    const result = await trainEnsemble(draw, pool, features, options);
    const probabilities = [...result.probabilities].map(([name, values]) => [name, [...values]]);
    await publishFile(path, JSON.stringify({ ...result, probabilities }));
  }
  const result = JSON.parse(await readFile(path, 'utf8'));
  const probabilities: [string, number[]][] = result.probabilities;
  return {
    ...result,
    probabilities: new Map(probabilities.map(([name, values]) => [name, Float32Array.from(values)])),
  };
}
