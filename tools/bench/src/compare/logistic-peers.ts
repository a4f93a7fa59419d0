/** scikit-learn and cleanlab on the features and draws of a case. */
import { join } from 'node:path';
import { preparePython } from '@chorus/python';
import type { Draw } from './draw-images.ts';
import { type FeatureFiles, runTask } from './python-task.ts';

export interface PeerResult {
  /** By way of fitting, of the test images [images, classes]. */
  probabilities: Record<string, number[]>;
  seconds: Record<string, number>;
  /** Training images that cleanlab lists, the least plausible first; only with `audits`. */
  implausible?: number[];
}

export interface PeerTask {
  train: FeatureFiles;
  test: FeatureFiles;
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
export async function fitPeers(task: PeerTask, folder: string, tell: (words: string) => void): Promise<PeerResult[]> {
  return runTask(await preparePython(environment, tell), 'logistic_peer.py', task, folder);
}

// --- internal ---

const environment = {
  name: 'compare',
  requirements: join(import.meta.dirname, '../../requirements-compare.txt'),
  // Measured on Linux x64: 0.4 GB once installed.
  diskBytes: 1e9,
  notice: 'Installing scikit-learn and cleanlab into a virtual environment.',
};
