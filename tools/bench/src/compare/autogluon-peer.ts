/** AutoGluon on the features and draws of a case. */
import { join } from 'node:path';
import { preparePython } from '@chorus/python';
import type { Draw } from './draw-images.ts';
import type { FittedResult } from './keras-peers.ts';
import { type FeatureFiles, runTask } from './python-task.ts';

/** AutoGluon's defaults, with more time than it takes. */
const limits = { preset: 'medium_quality', seconds: 600 };

/**
 * @param folder for the files of the exchange.
 * @returns results in the order of the draws.
 */
export async function fitAutogluon(
  task: { train: FeatureFiles; test: FeatureFiles; draws: readonly Draw[] },
  folder: string,
  tell: (words: string) => void,
): Promise<FittedResult[]> {
  return runTask(await preparePython(environment, tell), 'autogluon_peer.py', { ...task, ...limits }, folder);
}

// --- internal ---

const environment = {
  name: 'autogluon',
  requirements: join(import.meta.dirname, '../../requirements-autogluon.txt'),
  // Measured on Linux x64.
  diskBytes: 2e9,
  notice: 'Installing AutoGluon into a virtual environment.',
};
