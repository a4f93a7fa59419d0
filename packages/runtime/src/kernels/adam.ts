/** An Adam step as a single op, ResourceApplyAdam, which updates weights and moments in place. */
import tf from '@chorus/tfjs';
import type { NativeBackend } from '../tensorflow.ts';
import { updateInPlace } from './update-in-place.ts';

/**
 * inputs { weights, m, v: variables of one shape; gradient: the same shape; learningRate, beta1Power, beta2Power: scalars },
 * attrs { beta1, beta2, epsilon } → no outputs.
 */
export const adam = 'ChorusAdam';

/** Registers the kernel with tfjs for the backend `tensorflow`; idempotent. */
export function registerAdam(): void {
  if (tf.getKernel(adam, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: adam,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const { weights, m, v, gradient, learningRate, beta1Power, beta2Power } = inputs as Record<string, tf.Tensor>;
      const variables = [weights, m, v] as tf.Variable[];
      tf.tidy(() => {
        const { beta1, beta2, epsilon } = attrs as Record<'beta1' | 'beta2' | 'epsilon', number>;
        const [share1, share2, smallest] = [beta1, beta2, epsilon].map((value) => tf.scalar(value));
        const rest = [beta1Power, beta2Power, learningRate, share1, share2, smallest, gradient] as tf.Tensor[];
        updateInPlace(backend as NativeBackend, 'ResourceApplyAdam', [], variables, rest);
      });
      return [];
    },
  });
}
