/** Chorus as a contestant: training steps and predictions, in a separate process. */
import { type ImageBatch, PixelStore } from '@chorus/data';
import { type Classifier, createClassifier } from '@chorus/models';
import { augmentationOf, threadsOfAnOp } from '@chorus/orchestration';
import { initRuntime } from '@chorus/runtime';
import { randomStore } from '../images.ts';
import { byteImages, predictionStep, trainingStep } from './chorus-step.ts';
import type { PredictingWay, TrainingWay } from './chorus-ways.ts';
import type { ModelTask } from './model-task.ts';
import { repeated, serve, type Work, warmed } from './serve.ts';

/** Number of batches to cycle through. */
const batchCount = 4;
/** Images for the BatchNorm statistics of predictions: with initial statistics, activations vanish from layer to layer. */
const calibrationCount = 4;

await serve(async (task: ModelTask & { way: TrainingWay | PredictingWay }): Promise<Work> => {
  const { work, backbone, inputSize, batchSize, seed, threads, way, augmentation = 'none' } = task;
  // The number of threads of a single lane that uses all processors.
  const intraOpThreads = threadsOfAnOp(threads, 1, work === 'train' ? batchSize * inputSize ** 2 : undefined);
  const { tensorflowVersion } = initRuntime({ device: 'cpu:0', intraOpThreads });
  const classifier = createClassifier({
    backbone: { family: backbone, alpha: 1, inputSize },
    classes: ['a', 'b'],
    seed,
  });
  const handle = randomStore(seed, batchCount * batchSize, inputSize);
  const images = new PixelStore(handle);
  if (work === 'predict') calibrate(classifier, images);
  const step =
    work === 'train'
      ? trainingStep(way as TrainingWay, classifier, images, augmentationOf(augmentation))
      : await predictionStep(way as PredictingWay, classifier, handle, { batchSize, threads });
  const labels = Int32Array.from({ length: batchSize }, (_, index) => index % 2);
  let taken = 0;
  const run = repeated(async () => {
    await step(batchOf((taken % batchCount) * batchSize, batchSize), labels);
    taken += 1;
  });
  return {
    prepared: {
      versions: { node: process.versions.node, tensorflow: tensorflowVersion },
      parameterCount: trainableCount(classifier),
      stepSeconds: await warmed(run),
    },
    run,
  };
});

// --- internal ---

function batchOf(first: number, size: number): ImageBatch {
  return { indices: Uint32Array.from({ length: size }, (_, index) => first + index), flips: new Uint8Array(size) };
}

function calibrate(classifier: Classifier, images: PixelStore): void {
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const pixels = byteImages(images, batchOf(0, Math.min(calibrationCount, images.count)));
  view.recalibrateBatchNorm([view.prefix(pixels)]);
  pixels.dispose();
}

function trainableCount({ backboneWeights }: Classifier): number {
  return backboneWeights.reduce((sum, { trainable, variable }) => (trainable ? sum + variable.size : sum), 0);
}
