/** Adds a multiple of a tensor to a variable in place, as a single op, ResourceApplyGradientDescent. */
import tf from '@chorus/tfjs';
import type { NativeBackend } from '../tensorflow.ts';
import { updateInPlace } from './update-in-place.ts';

/**
 * inputs { variable; tensor: the same shape; factor: scalar } → no outputs; the variable becomes `variable + factor × tensor`,
 * in float32 even where the tensor was computed in bfloat16.
 */
export const addScaled = 'ChorusAddScaled';

/** Registers the kernel with tfjs for the backend `tensorflow`; idempotent. */
export function registerAddScaled(): void {
  if (tf.getKernel(addScaled, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: addScaled,
    backendName: 'tensorflow',
    kernelFunc({ inputs, backend }) {
      const { variable, tensor, factor } = inputs as Record<string, tf.Tensor>;
      tf.tidy(() => {
        const rest = [tf.neg(factor!), tensor!];
        updateInPlace(backend as NativeBackend, 'ResourceApplyGradientDescent', [], [variable as tf.Variable], rest);
      });
      return [];
    },
  });
}
