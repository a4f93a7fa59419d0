/** Seeded random numbers (StatelessRandomUniform), which a compiled function draws again at each call. */
import tf from '@chorus/tfjs';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

/** inputs { seed: int32 [2] }, attrs { shape } → float32 in [0, 1). */
export const statelessUniform = 'ChorusStatelessUniform';

/** Registers the kernel with tfjs for the backend `tensorflow`; idempotent. */
export function registerStatelessUniform(): void {
  if (tf.getKernel(statelessUniform, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: statelessUniform,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const native = backend as NativeBackend;
      const { binding } = native;
      const { seed } = inputs as { seed: tf.TensorInfo };
      return tf.tidy(() => {
        const shape = tf.tensor1d((attrs as unknown as { shape: number[] }).shape, 'int32');
        const types = [
          typeAttribute(binding, 'T', binding.TF_INT32),
          typeAttribute(binding, 'dtype', binding.TF_FLOAT),
          typeAttribute(binding, 'Tseed', binding.TF_INT32),
        ];
        return native.executeSingleOutput('StatelessRandomUniform', types, [shape, seed]);
      });
    },
  });
}
