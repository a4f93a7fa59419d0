import { gradCam, memberFromBytes } from '@chorus/models';
import tf from '@chorus/tfjs';
import { forwardRows, numbersOf } from './forward-rows.ts';
import { ImageReader, type ViewBatch } from './image-reader.ts';
import type { LaneContext } from './lane-context.ts';
import type { EvidenceMaps, ExplainTask } from './protocol.ts';

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
    const outputs = classifier.outputCount + classifier.featureWidth;
    let done = 0;
    const evidence = (batch: ViewBatch) => {
      const count = batch.indices.length;
      const ofBatch = derivatives.subarray(done * scoreCount * outputs, (done + count) * scoreCount * outputs);
      done += count;
      return numbersOf(() => {
        const scores = tf.unstack(tf.tensor3d(ofBatch, [count, scoreCount, outputs]), 1) as tf.Tensor2D[];
        return tf.stack(gradCam(classifier, images.read(batch), scores), 1);
      });
    };
    const values = await forwardRows(indices, { width: scoreCount * height * width, stop }, evidence);
    return { height, width, values };
  } finally {
    classifier.dispose();
  }
}
