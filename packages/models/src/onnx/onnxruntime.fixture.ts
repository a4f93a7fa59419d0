import * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface ModelOutput {
  values: Float32Array;
  shape: readonly number[];
}

/**
 * Runs an ONNX model in onnxruntime.
 *
 * @param images whole numbers, 0..255, by the name of the input.
 * @param externalData content of the data file, if the model has one.
 * @returns the only output.
 */
export async function runOnnx(
  model: Uint8Array,
  images: Readonly<Record<string, tf.Tensor4D>>,
  externalData: readonly { path: string; data: Uint8Array }[] = [],
): Promise<ModelOutput> {
  const session = await InferenceSession.create(model, { executionProviders: ['cpu'], externalData });
  const feeds = Object.entries(images).map(([name, image]) => [
    name,
    new Tensor('uint8', Uint8Array.from(image.dataSync()), image.shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  const output = outputs[session.outputNames[0]!]!;
  const result = { values: (output.data as Float32Array).slice(), shape: output.dims };
  await session.release();
  return result;
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
