/** A step of gradient descent with momentum as a single op, ResourceApplyKerasMomentum, which works in place. */
import tf from '@chorus/tfjs';
import type { NativeBackend } from '../tensorflow.ts';
import { updateInPlace } from './update-in-place.ts';

/**
 * inputs { weights, velocity: variables of one shape; gradient: the same shape; learningRate: scalar }, attrs
 * { momentum, nesterov } → no outputs.
 */
export const momentum = 'ChorusMomentum';

/** Registers the kernel with tfjs for the backend `tensorflow`; idempotent. */
export function registerMomentum(): void {
  if (tf.getKernel(momentum, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: momentum,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const native = backend as NativeBackend;
      const { weights, velocity, gradient, learningRate } = inputs as Record<string, tf.Tensor>;
      const { momentum, nesterov } = attrs as unknown as { momentum: number; nesterov: boolean };
      const useNesterov = { name: 'use_nesterov', type: native.binding.TF_ATTR_BOOL, value: nesterov };
      tf.tidy(() =>
        updateInPlace(native, 'ResourceApplyKerasMomentum', [useNesterov], [weights, velocity] as tf.Variable[], [
          learningRate!,
          gradient!,
          tf.scalar(momentum),
        ]),
      );
      return [];
    },
  });
}
