/** tfjs's Cast kernel, converting from the actual type of the data: uint8 data is `int32` to tfjs. */
import tf from '@chorus/tfjs';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

/** Replaces tfjs-node's Cast kernel. */
export function registerCast(): void {
  tf.unregisterKernel(tf.Cast, 'tensorflow');
  tf.registerKernel({
    kernelName: tf.Cast,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const native = backend as NativeBackend;
      const { binding } = native;
      const { x } = inputs as { x: tf.TensorInfo };
      const { dtype } = attrs as unknown as { dtype: keyof typeof names };
      const source = native.tensorMap.get(x.dataId).dtype;
      const names = { float32: 'TF_FLOAT', int32: 'TF_INT32', bool: 'TF_BOOL', complex64: 'TF_COMPLEX64' } as const;
      const target = binding[names[dtype]];
      if (source === target) {
        native.incRef(x.dataId);
        return { dataId: x.dataId, shape: x.shape, dtype };
      }
      const attributes = [
        typeAttribute(binding, 'SrcT', source),
        typeAttribute(binding, 'DstT', target),
        { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
      ];
      return native.executeSingleOutput('Cast', attributes, [x]);
    },
  });
}
