import * as tf from '@tensorflow/tfjs';
import type { NativeBackend } from './tensorflow.ts';

/**
 * A tensor of whole numbers from 0 to 255 that takes a byte for each, in this thread's TensorFlow; `int32` to tfjs, which
 * has no such type.
 *
 * @param values of this tensor's own: TensorFlow goes on using the array.
 * @returns a tensor for `tf.cast` and compiled functions; its data cannot be read. The caller disposes.
 */
export function bytesTensor(values: Uint8Array, shape: readonly number[]): tf.Tensor {
  const backend = tf.backend() as NativeBackend;
  const dtype = backend.binding.TF_UINT8;
  return backend.createOutputTensor({
    id: backend.binding.createTensor(shape, dtype, values),
    dtype,
    shape: [...shape],
  });
}
