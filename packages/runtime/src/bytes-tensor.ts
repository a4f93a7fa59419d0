import tf from '@chorus/tfjs';
import type { NativeBackend } from './tensorflow.ts';

/**
 * Creates a uint8 tensor (one byte per value) in this thread's TensorFlow; its dtype in tfjs, which has no uint8, is
 * `int32`.
 *
 * @param values must not be modified or reused: TensorFlow keeps using the array.
 * @returns a tensor for `tf.cast` and compiled functions; its data cannot be read. The caller disposes it.
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
