/** A fixed network that maps images to rows of numbers, on one of two engines. */
import type { Classifier } from '@chorus/models';
import { type ClassifierOutput, classifierModel, classifierValues } from '@chorus/models/onnx';
import { type OnnxThreads, openOnnxSession } from '@chorus/runtime';
import type tf from '@chorus/tfjs';
import { forwardBatchSize, numbersOf } from './forward-rows.ts';
import type { BatchReader, ViewBatch } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';

/** Prepared by {@link prepareImageFunction}. */
export interface ImageFunction {
  /**
   * Maps a batch to rows.
   *
   * @returns as many rows as the batch has, or more, which are to be ignored.
   */
  rows(images: BatchReader, batch: ViewBatch): Promise<Float32Array>;
  /** Disposes what was prepared, but not the classifier. */
  dispose(): Promise<void>;
}

export interface ImageFunctionOptions {
  /** Which of the classifier's outputs a row contains. */
  output: ClassifierOutput;
  /** Total number of rows in all calls; determines the batch shape and whether to compile. */
  rowCount: number;
  /** Whether batches have crops. Omitted: none. */
  hasCrops?: boolean;
}

/**
 * Prepares forward passes of a classifier, whose weights must not change until the function is disposed. Both engines agree
 * within rounding, see docs/numbers.md, unless onnxruntime computes with integers in the classifier's `ranges`.
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

/** Like {@link prepareImageFunction}, but takes ownership of the classifier and disposes it with the function, or earlier. */
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
      if (output === 'logits-and-features') return classifier.logitsAndFeatures(pixels);
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
  { output, hasCrops = false }: ImageFunctionOptions,
  { threads, spin }: OnnxThreads,
): Promise<ImageFunction> {
  const { inputSize } = classifier.backbone;
  const pixelType = hasCrops ? 'float32' : 'uint8';
  const session = await openOnnxSession(classifierModel(classifier, output, pixelType), { threads, spin });
  return {
    async rows(images, { indices, flips, crops }) {
      const parts: Float32Array[] = [];
      for (let start = 0; start < indices.length; start += onnxBatchSize) {
        const end = start + onnxBatchSize;
        const some = {
          indices: indices.subarray(start, end),
          flips: flips.subarray(start, end),
          ...(crops && { crops: crops.slice(start, end) }),
        };
        const shape = [some.indices.length, inputSize, inputSize, 3];
        const read = images.pixels(some);
        // A model for crops also reads whole images, such as augmented copies.
        const pixels = hasCrops ? Float32Array.from(read) : read;
        const { values } = await session.run({ [classifierValues.image]: { pixels, shape } });
        parts.push(values);
      }
      return joined(parts);
    },
    dispose: () => session.dispose(),
  };
}

/**
 * Images per run of onnxruntime. More of them are not faster, and take more memory: with Xception at 299 px, 4 images took
 * 79 ms each and 0.5 GB, 32 images 79 ms each and 3.1 GB; with MobileNetV2 at 224 px, 3.7 and 4.7 ms (one thread of an AMD
 * EPYC with AVX-512).
 */
const onnxBatchSize = 4;

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}
