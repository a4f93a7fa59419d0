/** Training steps on batches that are too large for one pass: their gradients are summed over several passes. */
import {
  accumulateGradients,
  type FineTuneView,
  GradientSum,
  type Optimizer,
  type TrainingLossOptions,
  type UpdateOptions,
  updateFromSum,
} from '@chorus/models';
import type { CompileMetrics } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import type { ActivationCache } from './activation-cache.ts';
import { parameterCount } from './augment/columns.ts';
import { type Labels, labelTensor } from './augment/labels.ts';
import { parametersOf } from './augment/parameters.ts';
import type { Augmentation, AugmentedBatch } from './augmentation.ts';
import { countBatch } from './lane-progress.ts';
import type { Precision } from './plan.ts';
import { type ComputeSettings, type PreparedFunction, prepareFunction } from './prepared-function.ts';

export interface AccumulatedStepOptions {
  compute: Pick<ComputeSettings, 'compile'>;
  precision: Precision;
  loss: TrainingLossOptions;
  update: UpdateOptions;
  /** Images of a batch. */
  batchSize: number;
  /** Images of a pass. */
  microBatchSize: number;
  augmentation: Augmentation;
  /** Logits per image. */
  outputCount: number;
}

export class AccumulatedStep {
  readonly #optimizer: Optimizer;
  readonly #fit: ActivationCache;
  readonly #sum: GradientSum;
  readonly #microBatchSize: number;
  readonly #mostPasses: number;
  readonly #labels: Parameters<typeof labelTensor>[2];
  readonly #accumulate: PreparedFunction<[tf.Tensor, Labels, tf.Scalar, tf.Scalar, ...tf.Tensor2D[]], tf.Scalar>;
  readonly #update: PreparedFunction<[tf.Tensor1D, tf.Scalar], []>;

  /** @param view the caller keeps ownership of it, of `optimizer` and of `fit`, activations of the training images. */
  constructor(view: FineTuneView, optimizer: Optimizer, fit: ActivationCache, options: AccumulatedStepOptions) {
    const { compute, precision, loss, update, batchSize, microBatchSize, augmentation, outputCount } = options;
    this.#labels = { augmentation, outputCount };
    this.#optimizer = optimizer;
    this.#fit = fit;
    this.#sum = new GradientSum(view.variables);
    this.#microBatchSize = microBatchSize;
    this.#mostPasses = Math.ceil(batchSize / microBatchSize);
    this.#accumulate = prepareFunction(
      compute,
      { name: 'accumulate', precision, optimizes: precision === 'bfloat16' },
      (input: tf.Tensor, labels: Labels, step: tf.Scalar, weight: tf.Scalar, ...parameters: tf.Tensor2D[]) => {
        const activations = fit.augmented(input, augmentation, ...parameters);
        return accumulateGradients(view, this.#sum, { activations, labels, step, weight }, loss);
      },
    );
    this.#update = prepareFunction(
      compute,
      { name: 'update', optimizes: false },
      (rates: tf.Tensor1D, step: tf.Scalar) => {
        updateFromSum(optimizer, this.#sum, { rates, step }, update);
        return [];
      },
    );
  }

  /** One step on a batch; returns its mean loss before the step. */
  step(batch: AugmentedBatch, labels: Int32Array, learningRate: number): number {
    const imageCount = batch.indices.length;
    const passes = Array.from({ length: Math.ceil(imageCount / this.#microBatchSize) }, (_, index) => {
      const start = index * this.#microBatchSize;
      return { index, start, end: Math.min(start + this.#microBatchSize, imageCount) };
    });
    let loss = 0;
    for (const { index, start, end } of passes) {
      const weight = (end - start) / imageCount;
      // A number of its own for each pass: equal ones would give equal dropout masks.
      const passNumber = this.#optimizer.stepCount * this.#mostPasses + index + 1;
      loss += weight * this.#pass(partOf(batch, start, end), labels.subarray(start, end), passNumber, weight);
      // The last one ends with the step.
      if (end < imageCount) countBatch();
    }
    tf.tidy(() => {
      const { rates, step } = this.#optimizer.nextStep(learningRate);
      this.#update(rates, step);
    });
    return loss;
  }

  get metrics(): (Readonly<CompileMetrics> | undefined)[] {
    return [this.#accumulate.metrics, this.#update.metrics];
  }

  dispose(): void {
    for (const one of [this.#accumulate, this.#update, this.#sum]) one.dispose();
  }

  /** Returns the mean loss of a part of a batch. */
  #pass(part: AugmentedBatch, labels: Int32Array, passNumber: number, weight: number): number {
    return tf.tidy(() => {
      const [step, share] = [tf.scalar(passNumber, 'int32'), tf.scalar(weight)];
      const inputs = [this.#fit.input(part), labelTensor(labels, part, this.#labels), step, share] as const;
      return this.#accumulate(...inputs, ...parametersOf(part)).dataSync()[0]!;
    });
  }
}

// --- internal ---

function partOf(
  { indices, flips, parameters, versions, teacher }: AugmentedBatch,
  start: number,
  end: number,
): AugmentedBatch {
  const rowsOf = (values: Float32Array, width: number) => values.subarray(start * width, end * width);
  return {
    ...{ indices: indices.subarray(start, end), flips: flips.subarray(start, end) },
    ...(versions && { versions: versions.subarray(start, end) }),
    ...(parameters === undefined ? {} : { parameters: rowsOf(parameters, parameterCount) }),
    ...(teacher === undefined ? {} : { teacher: rowsOf(teacher, teacher.length / indices.length) }),
  };
}
