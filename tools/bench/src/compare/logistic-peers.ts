/** scikit-learn and cleanlab on the features and draws of a case. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { preparePython, runProgram } from '@chorus/python';
import { scriptsFolder } from '../contestants/peers.ts';
import type { Draw } from './draw-images.ts';
import type { PoolFeatures } from './pool-features.ts';

export interface PeerResult {
  /** By way of fitting, of the test images [images, classes]. */
  probabilities: Record<string, number[]>;
  seconds: Record<string, number>;
  /** Training images that cleanlab lists, the least plausible first; only with `audits`. */
  implausible?: number[];
}

export interface PeerTask {
  train: { count: number; features: readonly PoolFeatures[] };
  test: { count: number; features: readonly PoolFeatures[] };
  draws: readonly Draw[];
  /** Whether each class counts equally (`class_weight='balanced'`). */
  balances: boolean;
  /** Whether cleanlab examines the labels of the training images. */
  audits: boolean;
}

/**
 * @param folder for the files of the exchange.
 * @returns results in the order of the draws.
 */
export async function fitPeers(
  { train, test, draws, ...task }: PeerTask,
  folder: string,
  tell: (words: string) => void,
): Promise<PeerResult[]> {
  const python = await preparePython(environment, tell);
  const [taskPath, resultPath] = [join(folder, 'peers-task.json'), join(folder, 'peers-result.json')];
  const filesOf = ({ count, features }: PeerTask['train']) => ({
    count,
    features: features.map(({ path }) => ({ path })),
  });
  const content = { ...task, train: filesOf(train), test: filesOf(test), draws };
  await writeFile(taskPath, JSON.stringify(content));
  await runProgram(python, [join(scriptsFolder, 'logistic_peer.py'), taskPath, resultPath]);
  return JSON.parse(await readFile(resultPath, 'utf8'));
}

// --- internal ---

const environment = {
  name: 'compare',
  requirements: join(import.meta.dirname, '../../requirements-compare.txt'),
  // Measured on Linux x64.
  diskBytes: 1e9,
  notice: 'Installing scikit-learn and cleanlab into a virtual environment.',
};
