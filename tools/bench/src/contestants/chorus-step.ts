/** Creates Chorus's training and prediction steps in every mode. */
import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import { Adam, type Classifier, trainStep } from '@chorus/models';
import { bytesTensor, type CompileOptions, type Results } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import {
  type Augmentation,
  augmentPixels,
  drawParameters,
  ImageReader,
  type Labels,
  labelTensor,
  parametersOf,
  prepareFunction,
  prepareImageFunction,
} from '@chorus/training';
import type { PredictingWay, TrainingWay } from './chorus-ways.ts';

/** Processes a batch of a store's images; `labels` are their classes, used only in training. The result is awaited. */
export type Step = (batch: ImageBatch, labels: Int32Array) => unknown;

/** Trains all layers with Adam at 1e-3, as lanes of `orchestration` do. */
export function trainingStep(
  way: TrainingWay,
  classifier: Classifier,
  images: PixelStore,
  augmentation: Augmentation = { kind: 'none' },
): Step {
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const adam = new Adam(view.variables);
  const train = prepared(
    way,
    { optimizes: way === 'compiled, bfloat16' },
    (pixels: tf.Tensor4D, labels: Labels, rates: tf.Tensor1D, step: tf.Scalar, ...parameters: tf.Tensor2D[]) => {
      const seen = augmentation.kind === 'random' ? augmentPixels(pixels, parameters[0]!, augmentation) : pixels;
      return trainStep(view, adam, { activations: view.prefix(seen), labels, rates, step });
    },
  );
  let epochIndex = 0;
  return (batch, labels) => {
    const drawn = { seed: 1, epochIndex, size: images.size };
    const parameters =
      augmentation.kind === 'random' ? { parameters: drawParameters(augmentation, batch.indices, drawn) } : {};
    epochIndex += 1;
    tf.tidy(() => {
      const { rates, step } = adam.nextStep(1e-3);
      const given = labelTensor(labels, parameters, { augmentation, outputCount: classifier.outputCount });
      train(byteImages(images, batch), given, rates, step, ...parametersOf(parameters)).dataSync();
    });
  };
}

/** Computes logits and reads them, as a single lane of `orchestration` does. */
export async function predictionStep(
  way: PredictingWay,
  classifier: Classifier,
  images: PixelStoreHandle,
  { batchSize, threads }: { batchSize: number; threads: number },
): Promise<Step> {
  if (way === 'onnxruntime') {
    const compute = { compile: true, bfloat16: false, forward: { engine: way, threads, spin: true } } as const;
    const logits = await prepareImageFunction(classifier, { output: 'logits', rowCount: batchSize }, compute);
    const reader = new ImageReader(images, new SharedArrayBuffer(images.count));
    return (batch) => logits.rows(reader, batch);
  }
  const store = new PixelStore(images);
  const predict = prepared(way, {}, (pixels: tf.Tensor4D) => classifier.logits(pixels));
  return (batch) => tf.tidy(() => void predict(byteImages(store, batch)).dataSync());
}

/** [N, size, size, 3], 0..255. */
export function byteImages(images: PixelStore, batch: ImageBatch): tf.Tensor4D {
  // New memory each time: TensorFlow keeps using the array.
  const values = new Uint8Array(batch.indices.length * images.size ** 2 * 3);
  fillBatch(images, batch, values);
  return bytesTensor(values, [batch.indices.length, images.size, images.size, 3]) as tf.Tensor4D;
}

// --- internal ---

function prepared<Inputs extends readonly tf.Tensor[], Result extends Results>(
  way: TrainingWay,
  options: CompileOptions,
  fn: (...inputs: Inputs) => Result,
): (...inputs: Inputs) => Result {
  const precision = way === 'compiled, bfloat16' ? 'bfloat16' : 'float32';
  return prepareFunction({ compile: way !== 'op by op' }, { ...options, precision }, fn);
}
