/** The gradients of ReLU and ReLU6 as one op each; tfjs composes each of four or five ops. */
import tf from '@chorus/tfjs';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

/** The tfjs kernel, the TensorFlow op of its gradient, and the mask where the slope is 1. */
const activations = [
  { kernel: tf.Relu, gradientOp: 'ReluGrad', rises: (y: tf.Tensor) => y.greater(0) },
  { kernel: tf.Relu6, gradientOp: 'Relu6Grad', rises: (y: tf.Tensor) => y.greater(0).logicalAnd(y.less(6)) },
];

/** Registers the kernels and uses them in tfjs's gradients of Relu and Relu6; other backends use composed ops. */
export function registerReluGradients(): void {
  for (const { kernel, gradientOp, rises } of activations) {
    const gradientKernel = `Chorus${gradientOp}`;
    if (tf.getKernel(gradientKernel, 'tensorflow') !== undefined) return;
    tf.registerKernel({
      kernelName: gradientKernel,
      backendName: 'tensorflow',
      kernelFunc({ inputs, backend }) {
        const { dy, y } = inputs as Record<'dy' | 'y', tf.TensorInfo>;
        const native = backend as NativeBackend;
        const type = typeAttribute(native.binding, 'T', native.binding.TF_FLOAT);
        return native.executeSingleOutput(gradientOp, [type], [dy, y]);
      },
    });
    // tfjs warns when a gradient is registered twice.
    tf.unregisterGradient(kernel);
    tf.registerGradient({
      kernelName: kernel,
      // Saves the output, where tfjs saves the input. The next layer keeps the output anyway, so this saves a third of the memory.
      inputsToSave: [],
      outputsToSave: [true],
      gradFunc(dy, saved) {
        const [y] = saved as [tf.Tensor];
        const slope = dy as tf.Tensor;
        return {
          x: () =>
            tf.getKernel(gradientKernel, tf.getBackend()) === undefined
              ? slope.mul(rises(y).cast('float32'))
              : (tf.engine().runKernel(gradientKernel, { dy: slope, y }) as tf.Tensor),
        };
      },
    });
  }
}
