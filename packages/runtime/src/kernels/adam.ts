/** An Adam step as a single op, ResourceApplyAdam, which updates weights and moments in place. */
import * as tf from '@tensorflow/tfjs';
import { writableResourceOf } from '../functions/resource-entry.ts';
import { currentTracer } from '../functions/trace.ts';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

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
      const native = backend as NativeBackend;
      const { weights, m, v, gradient, learningRate, beta1Power, beta2Power } = inputs as Record<string, tf.Tensor>;
      const variables = [weights, m, v] as tf.Variable[];
      const type = typeAttribute(native.binding, 'T', native.binding.TF_FLOAT);
      tf.tidy(() => {
        const { beta1, beta2, epsilon } = attrs as Record<'beta1' | 'beta2' | 'epsilon', number>;
        const [share1, share2, smallest] = [beta1, beta2, epsilon].map((value) => tf.scalar(value));
        const rest = [beta1Power, beta2Power, learningRate, share1, share2, smallest, gradient] as tf.Tensor[];
        const tracer = currentTracer();
        if (tracer !== undefined) return tracer.changeInPlace('ResourceApplyAdam', [type], variables, rest);
        const entries = variables.map((variable) => writableResourceOf(native, variable));
        const ids = [...entries.map(({ resource }) => resource), ...native.getInputTensorIds(rest)];
        native.binding.executeOp('ResourceApplyAdam', [type], ids, 0);
        // The gradient may be one of these variables, and may have been read since.
        for (const entry of entries) entry.forgetRead();
      });
      return [];
    },
  });
}
