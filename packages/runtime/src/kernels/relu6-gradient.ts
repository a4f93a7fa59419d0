/** The gradient of ReLU6 as one op; tfjs composes it of four. */
import * as tf from '@tensorflow/tfjs';
import type { NativeBackend } from '../tensorflow.ts';

const relu6Gradient = 'ChorusRelu6Gradient';

/** Registers the kernel and puts it into tfjs' gradient of Relu6; other backends get composed ops. */
export function registerRelu6Gradient(): void {
  if (tf.getKernel(relu6Gradient, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: relu6Gradient,
    backendName: 'tensorflow',
    kernelFunc({ inputs, backend }) {
      const { dy, y } = inputs as Record<'dy' | 'y', tf.TensorInfo>;
      const native = backend as NativeBackend;
      const type = { name: 'T', type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
      return native.executeSingleOutput('Relu6Grad', [type], [dy, y]);
    },
  });
  // tfjs warns when a gradient is registered twice.
  tf.unregisterGradient(tf.Relu6);
  tf.registerGradient({
    kernelName: tf.Relu6,
    // The output and not, as tfjs has it, the input: the next layer keeps it anyway, so a third of the memory goes away.
    inputsToSave: [],
    outputsToSave: [true],
    gradFunc(dy, saved) {
      const [y] = saved as [tf.Tensor];
      const slope = dy as tf.Tensor;
      return {
        x: () =>
          tf.getKernel(relu6Gradient, tf.getBackend()) === undefined
            ? slope.mul(y.greater(0).logicalAnd(y.less(6)).cast('float32'))
            : (tf.engine().runKernel(relu6Gradient, { dy: slope, y }) as tf.Tensor),
      };
    },
  });
}
