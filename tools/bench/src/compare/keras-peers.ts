/** Contestants in Keras, on the draws of a case. */
import type { Draw } from './draw-images.ts';
import type { ImagePool } from './image-pool.ts';
import { type FeatureFiles, runTask } from './python-task.ts';

export interface FittedResult {
  /** Of the test images [images, classes]. */
  probabilities: number[];
  /** Of training and, where the members are frozen, of predicting from features. */
  seconds: number;
}

export interface KerasOptions {
  /** Path of the interpreter. */
  python: string;
  draws: readonly Draw[];
  pool: ImagePool;
  /** For the files of the exchange. */
  folder: string;
}

/** Epochs of the head, then of all layers. */
const epochs = { headEpochs: 20, epochs: 10 };

/** Fine-tunes MobileNetV2. @param weights path of its initial weights. */
export function fineTune(weights: string, { python, draws, pool, folder }: KerasOptions): Promise<FittedResult[]> {
  const { classes, train, test } = pool;
  const task = {
    ...{ weights, classCount: classes.length, test: test.paths, ...epochs },
    draws: draws.map(({ images, labels }) => ({ labels, paths: images.map((image) => train.paths[image]!) })),
  };
  return runTask(python, 'fine_tune_peer.py', task, folder);
}

/** Follows the procedure of AUCMEDI's Stacking, with frozen members. */
export function stackAsAucmedi(
  features: { train: FeatureFiles; test: FeatureFiles },
  { python, draws, pool, folder }: KerasOptions,
): Promise<FittedResult[]> {
  return runTask(python, 'aucmedi_peer.py', { ...features, draws, classCount: pool.classes.length }, folder);
}
