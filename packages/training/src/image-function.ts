/** A fixed network that maps images to rows of numbers, on one of two engines. */
import type { ImageBatch } from '@chorus/data';
import type { Classifier } from '@chorus/models';
import { type ClassifierOutput, classifierModel } from '@chorus/models/onnx';
import { openOnnxSession } from '@chorus/runtime';
import type * as tf from '@tensorflow/tfjs';
import { forwardBatchSize, numbersOf } from './forward-rows.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';

/** Prepared by {@link prepareImageFunction}. */
export interface ImageFunction {
  /**
   * Maps a batch to rows.
   *
   * @returns as many rows as the batch has, or more, which are to be ignored.
   */
  rows(images: ImageReader, batch: ImageBatch): Promise<Float32Array>;
  /** Disposes what was prepared, but not the classifier. */
  dispose(): Promise<void>;
}

export interface ImageFunctionOptions {
  /** Which of the classifier's outputs a row contains. */
  output: ClassifierOutput;
  /** Total number of rows in all calls; determines the batch shape and whether to compile. */
  rowCount: number;
}

/**
 * Prepares forward passes of a classifier, whose weights must not change until the function is disposed. Both engines agree
 * within rounding; see docs/numbers.md.
 */
export async function prepareImageFunction(
  classifier: Classifier,
  options: ImageFunctionOptions,
  compute: ComputeSettings,
): Promise<ImageFunction> {
  const { forward } = compute;
  return forward.engine === 'tensorflow'
    ? tensorflowFunction(classifier, options, compute)
    : await onnxFunction(classifier, options, forward);
}

/** As {@link prepareImageFunction}, and takes ownership of the classifier, which is disposed with the function or earlier. */
export async function takeImageFunction(
  classifier: Classifier,
  options: ImageFunctionOptions,
  compute: ComputeSettings,
): Promise<ImageFunction> {
  try {
    const prepared = await prepareImageFunction(classifier, options, compute);
    if (compute.forward.engine === 'tensorflow')
      return {
        ...prepared,
        async dispose() {
          await prepared.dispose();
          classifier.dispose();
        },
      };
    // The session has a copy of the weights.
    classifier.dispose();
    return prepared;
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

// --- internal ---

function tensorflowFunction(
  classifier: Classifier,
  { output, rowCount }: ImageFunctionOptions,
  compute: ComputeSettings,
): ImageFunction {
  const forward = prepareFunction(
    compute,
    { name: 'forward', callCount: Math.ceil(rowCount / forwardBatchSize) },
    (pixels: tf.Tensor4D): tf.Tensor => {
      if (output === 'logits') return classifier.logits(pixels);
      return output === 'features' ? classifier.features(pixels) : classifier.activations(pixels, output.cut);
    },
  );
  // A batch of another size would be compiled anew.
  const batchSize = Math.min(rowCount, forwardBatchSize);
  return {
    rows: async (images, batch) => numbersOf(() => forward(images.read(batch, batchSize))),
    dispose: async () => forward.dispose(),
  };
}

async function onnxFunction(
  classifier: Classifier,
  { output }: ImageFunctionOptions,
  { threads }: { threads: number },
): Promise<ImageFunction> {
  const { inputSize } = classifier.backbone;
  const session = await openOnnxSession(classifierModel(classifier, output), { threads });
  return {
    rows: (images, batch) => session.run(images.bytes(batch), [batch.indices.length, inputSize, inputSize, 3]),
    dispose: () => session.dispose(),
  };
}
