import tf from '@chorus/tfjs';
import type { Augmentation, AugmentedBatch } from '../augmentation.ts';
import { columns, parameterCount } from './columns.ts';
import { mixesImages } from './settings.ts';

/**
 * [N], int32: class indices. Where images are mixed, [N, classes], float32: the classes' shares. With a teacher, [N, 2 × classes],
 * float32: the classes' shares, then the teacher's probabilities.
 */
export type Labels = tf.Tensor1D | tf.Tensor2D;

/**
 * The labels of a batch as a tensor; the caller disposes.
 *
 * @param labels class indices.
 * @param batch its parameters, with an augmentation of kind `random`, and its teacher's probabilities, if there is one.
 */
export function labelTensor(
  labels: Int32Array,
  { parameters, teacher }: Pick<AugmentedBatch, 'parameters' | 'teacher'>,
  { augmentation, outputCount }: { augmentation: Augmentation; outputCount: number },
): Labels {
  const isMixed = augmentation.kind === 'random' && mixesImages(augmentation);
  if (!isMixed && teacher === undefined) return tf.tensor1d(labels, 'int32');
  const classCount = Math.max(2, outputCount);
  const ownShares = isMixed ? ownSharesOf(parameters!) : undefined;
  const width = teacher === undefined ? classCount : 2 * classCount;
  const rows = new Float32Array(labels.length * width);
  for (const position of labels.keys()) {
    const row = rows.subarray(position * width, (position + 1) * width);
    const ownShare = ownShares?.[position] ?? 1;
    // Images are mixed with the one before them; the first one, with the last.
    const before = position === 0 ? labels.length - 1 : position - 1;
    for (const [index, share] of [
      [position, ownShare],
      [before, 1 - ownShare],
    ] as const) {
      row[labels[index]!]! += share;
      if (teacher !== undefined && share !== 0)
        for (let label = 0; label < classCount; label += 1)
          row[classCount + label]! += share * teacher[index * classCount + label]!;
    }
  }
  return tf.tensor2d(rows, [labels.length, width]);
}

// --- internal ---

/** Each image's share in its label. */
function ownSharesOf(parameters: Float32Array): Float32Array {
  const { start } = columns.ownShare;
  return Float32Array.from(
    { length: parameters.length / parameterCount },
    (_, position) => parameters[position * parameterCount + start]!,
  );
}
