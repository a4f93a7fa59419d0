/** Tasks of Python contestants, which read JSON from a file and write JSON into another one. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import { scriptsFolder } from '../contestants/peers.ts';
import type { PoolFeatures } from './pool-features.ts';

/** Features of all images of a set, and how many images there are. */
export interface FeatureFiles {
  count: number;
  features: { path: string }[];
}

/**
 * Runs a script on a task.
 *
 * @param python path of the interpreter.
 * @param folder for the two files.
 * @returns what the script wrote.
 */
export async function runTask<Result>(python: string, script: string, task: object, folder: string): Promise<Result> {
  const name = script.replace('.py', '');
  const [taskPath, resultPath] = [join(folder, `${name}-task.json`), join(folder, `${name}-result.json`)];
  await writeFile(taskPath, JSON.stringify(task));
  await runProgram(python, [join(scriptsFolder, script), taskPath, resultPath]);
  return JSON.parse(await readFile(resultPath, 'utf8'));
}

export function featureFiles(features: readonly PoolFeatures[], count: number): FeatureFiles {
  return { count, features: features.map(({ path }) => ({ path })) };
}
