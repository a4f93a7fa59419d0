import { openOnnxSession } from '@chorus/runtime';
import tf from '@chorus/tfjs';

export interface ModelOutput {
  values: Float32Array;
  shape: readonly number[];
}

/**
 * Runs an ONNX model in onnxruntime.
 *
 * @param model its content, or the path of its file.
 * @param images whole numbers, 0..255, by the name of the input.
 * @returns the only output.
 */
export async function runOnnx(
  model: Uint8Array | string,
  images: Readonly<Record<string, tf.Tensor4D>>,
): Promise<ModelOutput> {
  const session = await openOnnxSession(model, { threads: 1, spin: false });
  const feeds = Object.entries(images).map(([name, image]) => [
    name,
    { pixels: Uint8Array.from(image.dataSync()), shape: image.shape },
  ]);
  const { values, shape } = await session.run(Object.fromEntries(feeds));
  await session.dispose();
  return { values: values.slice(), shape };
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`cannot compare ${a.length} numbers with ${b.length}`);
  return norm(a.map((one, index) => one - b[index]!)) / norm(b);
}

/** How much the rows differ: the norm of their distances to the mean row, relative to their own. */
export function spread(values: Float32Array, rowCount: number): number {
  return tf.tidy(() => {
    const rows = tf.tensor2d(values, [rowCount, values.length / rowCount]);
    return tf.div(tf.norm(tf.sub(rows, tf.mean(rows, 0))), tf.norm(rows)).dataSync()[0]!;
  });
}

// --- internal ---

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, one) => sum + one * one, 0));
}
