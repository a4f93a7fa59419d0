/** Rotates, scales, shears and crops images, each by its own projective transform, as a single op: ImageProjectiveTransformV3. */
import tf from '@chorus/tfjs';
import { type NativeBackend, typeAttribute } from '../tensorflow.ts';

/**
 * inputs { images: [N,H,W,C], float32; transforms: [N,8] } → [N,H,W,C]. The output pixel (x, y) is the bilinear interpolation of
 * the image at ((t₀x + t₁y + t₂) / k, (t₃x + t₄y + t₅) / k) with k = t₆x + t₇y + 1. The image is reflected at its edges.
 */
export const projectiveTransform = 'ChorusProjectiveTransform';

/** Registers the kernel with tfjs for the backend `tensorflow`; idempotent. */
export function registerProjectiveTransform(): void {
  if (tf.getKernel(projectiveTransform, 'tensorflow') !== undefined) return;
  tf.registerKernel({
    kernelName: projectiveTransform,
    backendName: 'tensorflow',
    kernelFunc({ inputs, backend }) {
      const native = backend as NativeBackend;
      const { binding } = native;
      const { images, transforms } = inputs as Record<'images' | 'transforms', tf.TensorInfo>;
      return tf.tidy(() => {
        const size = tf.tensor1d(images.shape.slice(1, 3), 'int32');
        const attributes = [
          typeAttribute(binding, 'dtype', binding.TF_FLOAT),
          { name: 'interpolation', type: binding.TF_ATTR_STRING, value: 'BILINEAR' },
          { name: 'fill_mode', type: binding.TF_ATTR_STRING, value: 'REFLECT' },
        ];
        return native.executeSingleOutput('ImageProjectiveTransformV3', attributes, [
          images,
          transforms,
          size,
          tf.scalar(0),
        ]);
      });
    },
  });
}
