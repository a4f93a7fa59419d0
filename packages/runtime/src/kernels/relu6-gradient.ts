/** The gradient of ReLU6 as one op; tfjs composes it of four. */
import * as tf from '@tensorflow/tfjs';
import type { NativeBackend } from '../tensorflow.ts';

const relu6Gradient = 'ChorusRelu6Gradient';

/** Registers the kernel and puts it into tfjs' gradient of Relu6; other backends keep the composed one. */
export function registerRelu6Gradient(): void {
  if (tf.getKernel(relu6Gradient, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: relu6Gradient,
    backendName: 'tensorflow',
    kernelFunc({ inputs, backend }) {
      const { dy, x } = inputs as Record<'dy' | 'x', tf.TensorInfo>;
      const native = backend as NativeBackend;
      const type = { name: 'T', type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
      return native.executeSingleOutput('Relu6Grad', [type], [dy, x]);
    },
  });
  const composed = tf.getGradient(tf.Relu6)!;
  // tfjs warns when a gradient is registered twice.
  tf.unregisterGradient(tf.Relu6);
  tf.registerGradient({
    ...composed,
    gradFunc(dy, saved, attrs) {
      if (tf.getKernel(relu6Gradient, tf.getBackend()) === undefined) return composed.gradFunc(dy, saved, attrs);
      const [x] = saved as [tf.Tensor];
      return { x: () => tf.engine().runKernel(relu6Gradient, { dy: dy as tf.Tensor, x }) as tf.Tensor };
    },
  });
}
