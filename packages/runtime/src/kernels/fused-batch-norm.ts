/**
 * Batch normalization in training mode as one op per direction: FusedBatchNormV3 and FusedBatchNormGradV3.
 *
 * tfjs composes it of about a dozen ops, which made a training step four times as long.
 */
import tf from '@chorus/tfjs';
import { type NativeBackend, type OpAttribute, typeAttribute } from '../tensorflow.ts';

/** inputs { x [N,H,W,C], gamma [C], beta [C] }, attrs { epsilon } → [y, mean [C], variance [C] (biased), …gradient inputs]. */
export const fusedBatchNorm = 'ChorusFusedBatchNorm';
const fusedBatchNormGradient = 'ChorusFusedBatchNormGradient';

/**
 * inputs { dy [N,H,W,C], x [N,H,W,C], gamma, mean, variance [C] }, attrs { epsilon } → [dx, dgamma, dbeta]: the gradient of
 * batch normalization with constant statistics.
 */
export const frozenBatchNormGradient = 'ChorusFrozenBatchNormGradient';

/** Registers the kernels and the gradient with tfjs for the backend `tensorflow`; idempotent. */
export function registerFusedBatchNorm(): void {
  if (tf.getKernel(fusedBatchNorm, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: fusedBatchNorm,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const { x, gamma, beta } = inputs as Record<'x' | 'gamma' | 'beta', tf.TensorInfo>;
      const native = backend as NativeBackend;
      return tf.tidy(() => {
        const unused = tf.tensor1d([]); // population mean and variance, used only in inference
        const outputs = native.executeMultipleOutputs(
          'FusedBatchNormV3',
          attributes(native, attrs as { epsilon: number }, true),
          [x, gamma, beta, unused, unused],
          6,
        );
        const [y, mean, unbiased, ...reserved] = outputs as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        // The op returns the variance times n / (n − 1); Keras 3 uses the biased variance.
        const count = x.shape[0]! * x.shape[1]! * x.shape[2]!;
        return [y, mean, tf.mul(unbiased, (count - 1) / count), ...reserved];
      });
    },
  });
  tf.registerKernel({
    kernelName: fusedBatchNormGradient,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const { dy, x, gamma, reserved1, reserved2, reserved3 } = inputs as Record<string, tf.TensorInfo>;
      const native = backend as NativeBackend;
      const [dx, dgamma, dbeta, ...empty] = native.executeMultipleOutputs(
        'FusedBatchNormGradV3',
        attributes(native, attrs as { epsilon: number }, true),
        [dy!, x!, gamma!, reserved1!, reserved2!, reserved3!],
        5,
      );
      for (const tensor of empty) tensor.dispose();
      return [dx!, dgamma!, dbeta!];
    },
  });
  tf.registerKernel({
    kernelName: frozenBatchNormGradient,
    backendName: 'tensorflow',
    kernelFunc({ inputs, attrs, backend }) {
      const { dy, x, gamma, mean, variance } = inputs as Record<string, tf.TensorInfo>;
      const native = backend as NativeBackend;
      return tf.tidy(() =>
        native
          .executeMultipleOutputs(
            'FusedBatchNormGradV3',
            attributes(native, attrs as { epsilon: number }, false),
            [dy!, x!, gamma!, mean!, variance!, tf.tensor1d([])],
            5,
          )
          .slice(0, 3),
      );
    },
  });
  tf.registerGradient({
    kernelName: fusedBatchNorm,
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, false, false, true, true, true],
    // Only y is differentiated: the moving statistics use mean and variance without a gradient.
    gradFunc(dy, saved, attrs) {
      const [x, gamma, reserved1, reserved2, reserved3] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const gradients = tf
        .engine()
        .runKernel(
          fusedBatchNormGradient,
          { dy: (dy as tf.Tensor[])[0]!, x, gamma, reserved1, reserved2, reserved3 },
          attrs,
        ) as tf.Tensor[];
      return { x: () => gradients[0]!, gamma: () => gradients[1]!, beta: () => gradients[2]! };
    },
  });
}

function attributes({ binding }: NativeBackend, { epsilon }: { epsilon: number }, training: boolean): OpAttribute[] {
  return [
    typeAttribute(binding, 'T', binding.TF_FLOAT),
    typeAttribute(binding, 'U', binding.TF_FLOAT),
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: training },
  ];
}
