import tf from '@chorus/tfjs';
import { fillView } from './crop-pixels.ts';
import { type TestTimeAugmentation, viewsOf } from './views.ts';

/** The views of images [N, size, size, 3] of whole numbers, as a bundle's members read them; the caller disposes them. */
export function viewsOfImages(images: tf.Tensor4D, kind: TestTimeAugmentation): tf.Tensor4D[] {
  const [count, size] = images.shape;
  const length = size * size * 3;
  const pixels = Uint8Array.from(images.dataSync());
  return viewsOf(kind).map((view) => {
    const values = new Float32Array(count * length);
    for (let image = 0; image < count; image += 1) {
      const [start, end] = [image * length, (image + 1) * length];
      fillView(pixels.subarray(start, end), size, view, values.subarray(start, end));
    }
    return tf.tensor4d(values, images.shape);
  });
}
