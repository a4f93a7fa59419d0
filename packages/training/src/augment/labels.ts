import tf from '@chorus/tfjs';
import type { Augmentation } from '../augmentation.ts';
import { columns, parameterCount } from './columns.ts';
import { mixesImages } from './settings.ts';

/** [N], int32: class indices. Or, where images are mixed, [N, classes], float32: the classes' shares. */
export type Labels = tf.Tensor1D | tf.Tensor2D;

/**
 * The labels of a batch as a tensor; the caller disposes.
 *
 * @param labels class indices.
 * @param batch its parameters, with an augmentation of kind `random`.
 */
export function labelTensor(
  labels: Int32Array,
  { parameters }: { parameters?: Float32Array },
  { augmentation, outputCount }: { augmentation: Augmentation; outputCount: number },
): Labels {
  if (augmentation.kind !== 'random' || !mixesImages(augmentation)) return tf.tensor1d(labels, 'int32');
  const classCount = Math.max(2, outputCount);
  const shares = new Float32Array(labels.length * classCount);
  for (const [position, label] of labels.entries()) {
    const ownShare = parameters![position * parameterCount + columns.ownShare.start]!;
    // Images are mixed with the one before them; the first one, with the last.
    const other = labels.at(position - 1)!;
    shares[position * classCount + label]! += ownShare;
    shares[position * classCount + other]! += 1 - ownShare;
  }
  return tf.tensor2d(shares, [labels.length, classCount]);
}
