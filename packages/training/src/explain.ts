import { setImmediate as nextTurn } from 'node:timers/promises';
import { gradCam, memberFromBytes } from '@chorus/models';
import tf from '@chorus/tfjs';
import { numbersOf } from './forward-rows.ts';
import { ImageReader } from './image-reader.ts';
import type { LaneContext } from './lane-context.ts';
import { countBatch } from './lane-progress.ts';
import type { EvidenceMaps, ExplainTask } from './protocol.ts';

/** Images per pass: few, because their memory is not planned for where onnxruntime computes the other forward passes. */
const batchSize = 4;

/**
 * Computes where a model finds evidence for scores of images; see `gradCam`.
 *
 * @throws ModelError when manifest and weights do not match; StoppedError before the next batch once a stop is requested.
 */
export async function explain(
  task: ExplainTask,
  { models, stop }: Pick<LaneContext, 'models' | 'stop'>,
): Promise<EvidenceMaps> {
  const { manifest, weights, indices, scoreCount, derivatives } = task;
  await models.releaseLatest();
  const images = new ImageReader(task.pixels, task.reads);
  const classifier = memberFromBytes(manifest, weights);
  try {
    const { height, width } = classifier.featureMapSize;
    const values = new Float32Array(indices.length * scoreCount * height * width);
    const outputs = classifier.outputCount + classifier.featureWidth;
    for (let start = 0; start < indices.length; start += batchSize) {
      stop.check();
      const batch = indices.subarray(start, start + batchSize);
      const first = start * scoreCount;
      const ofBatch = derivatives.subarray(first * outputs, (first + batch.length * scoreCount) * outputs);
      const maps = numbersOf(() => {
        const scores = tf.unstack(tf.tensor3d(ofBatch, [batch.length, scoreCount, outputs]), 1) as tf.Tensor2D[];
        const pixels = images.read({ indices: batch, flips: new Uint8Array(batch.length) });
        return tf.stack(gradCam(classifier, pixels, scores), 1);
      });
      values.set(maps, first * height * width);
      countBatch();
      await nextTurn();
    }
    return { height, width, values };
  } finally {
    classifier.dispose();
  }
}
