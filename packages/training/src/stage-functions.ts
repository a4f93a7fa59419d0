/** The computations of a stage: training steps, BatchNorm recalibration and evaluation. */
import {
  type FineTuneView,
  type Optimizer,
  restartOptimizer,
  type TrainingLossOptions,
  trainStep,
  WeightAverage,
} from '@chorus/models';
import type { CompileMetrics } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { AccumulatedStep } from './accumulated-step.ts';
import type { ActivationCache } from './activation-cache.ts';
import { type Labels, labelTensor } from './augment/labels.ts';
import { parametersOf } from './augment/parameters.ts';
import type { Augmentation, AugmentedBatch } from './augmentation.ts';
import { createOptimizer } from './create-optimizer.ts';
import { batchesInOrder, forwardBatchSize, forwardRows, numbersOf } from './forward-rows.ts';
import { countBatch } from './lane-progress.ts';
import type { OptimizerPlan, Precision } from './plan.ts';
import { type ComputeSettings, type PreparedFunction, prepareFunction } from './prepared-function.ts';
import type { CompiledMetrics } from './protocol.ts';

export interface StageFunctionsOptions extends TrainingLossOptions {
  compute: Pick<ComputeSettings, 'compile'>;
  /** Number format of training steps; everything else is float32. */
  precision: Precision;
  optimizer: OptimizerPlan;
  batchSize: number;
  /** Images that a training step processes at once; by default all of its batch. */
  microBatchSize?: number | undefined;
  augmentation: Augmentation;
}

export class StageFunctions {
  readonly #optimizer: Optimizer;
  readonly #average: WeightAverage | undefined;
  readonly #view: FineTuneView;
  readonly #outputCount: number;
  readonly #labels: Parameters<typeof labelTensor>[2];
  readonly #fit: ActivationCache;
  readonly #tune: ActivationCache;
  readonly #train: PreparedFunction<[tf.Tensor, Labels, tf.Tensor1D, tf.Scalar, ...tf.Tensor2D[]], tf.Scalar>;
  /** Takes steps in place of `#train` if batches are divided. */
  readonly #accumulated: AccumulatedStep | undefined;
  readonly #recalibrate: PreparedFunction<[tf.Tensor, tf.Scalar], []>;
  readonly #infer: PreparedFunction<[tf.Tensor], tf.Tensor2D>;

  /**
   * @param view the caller keeps ownership of it.
   * @param outputCount logits per image.
   * @param fit activations of the training images.
   * @param tune activations of the tuning images.
   */
  constructor(
    view: FineTuneView,
    outputCount: number,
    fit: ActivationCache,
    tune: ActivationCache,
    options: StageFunctionsOptions,
  ) {
    const { compute, precision, optimizer, batchSize, microBatchSize, augmentation, ...lossOptions } = options;
    const { clipNorm, emaMomentum } = optimizer;
    this.#view = view;
    this.#outputCount = outputCount;
    this.#labels = { augmentation, outputCount };
    this.#fit = fit;
    this.#tune = tune;
    this.#optimizer = createOptimizer(optimizer, view);
    if (emaMomentum !== undefined)
      this.#average = new WeightAverage([...view.variables, ...view.statistics], emaMomentum);
    const update = { clipNorm, average: this.#average };
    this.#train = prepareFunction(
      compute,
      // In float32, grappler does not speed up steps, and makes the first one seconds slower.
      { name: 'train', precision, optimizes: precision === 'bfloat16' },
      (input: tf.Tensor, labels: Labels, rates: tf.Tensor1D, step: tf.Scalar, ...parameters: tf.Tensor2D[]) =>
        trainStep(
          view,
          this.#optimizer,
          { activations: fit.augmented(input, augmentation, ...parameters), labels, rates, step },
          { ...lossOptions, ...update },
        ),
    );
    if (microBatchSize !== undefined) {
      const sizes = { batchSize, microBatchSize };
      const passes = { compute, precision, loss: lossOptions, update, augmentation, outputCount, ...sizes };
      this.#accumulated = new AccumulatedStep(view, this.#optimizer, fit, passes);
    }
    this.#recalibrate = prepareFunction(compute, { name: 'recalibrate' }, (input: tf.Tensor, weight: tf.Scalar) => {
      view.blendStatistics(fit.activations(input), weight);
      return [];
    });
    this.#infer = prepareFunction(compute, { name: 'infer' }, (input: tf.Tensor) =>
      view.suffix(tune.activations(input), { training: false }),
    );
  }

  /** One step on a batch; returns its mean loss before the step. */
  step(batch: AugmentedBatch, labels: Int32Array, learningRate: number): number {
    if (this.#accumulated !== undefined) return this.#accumulated.step(batch, labels, learningRate);
    return tf.tidy(() => {
      const { rates, step } = this.#optimizer.nextStep(learningRate);
      const inputs = [this.#fit.input(batch), labelTensor(labels, batch, this.#labels), rates, step] as const;
      const loss = this.#train(...inputs, ...parametersOf(batch));
      // Reading the loss is the only synchronization with the device in a step.
      return loss.dataSync()[0]!;
    });
  }

  /** The optimizer; owned by these functions. */
  get optimizer(): Optimizer {
    return this.#optimizer;
  }

  /** Moving averages of the weights, if the stage has any; owned by these functions. */
  get averages(): readonly tf.Variable[] {
    return this.#average?.averages ?? [];
  }

  /** Computes BatchNorm's moving statistics in a pass over training images. */
  recalibrate(indices: Uint32Array): void {
    this.#view.recalibrateBatchNorm(this.#inputs(indices), this.#recalibrate);
  }

  /** Logits [images, outputs] of tuning images. */
  logits(indices: Uint32Array): Promise<Float32Array> {
    // A batch of another size would be compiled anew.
    const rowCount = Math.min(indices.length, forwardBatchSize);
    return forwardRows(indices, { width: this.#outputCount }, (batch) =>
      numbersOf(() => this.#infer(this.#tune.input(batch, rowCount))),
    );
  }

  /** Sets the optimizer and the averages to their state before the first step with the current weights. */
  restartOptimizer(): void {
    restartOptimizer(this.#optimizer);
    this.#average?.restart();
  }

  /** Exchanges the weights and their moving averages, if the stage has any. */
  swapAverages(): void {
    this.#average?.swap();
  }

  compiled(): CompiledMetrics | null {
    const own = [this.#train, this.#recalibrate, this.#infer].map(({ metrics }) => metrics);
    const all = [...own, ...(this.#accumulated?.metrics ?? [])];
    const known = all.filter((metrics): metrics is CompileMetrics => metrics !== undefined);
    if (known.length === 0) return null;
    const sum = (numberOf: (metrics: CompileMetrics) => number) =>
      known.reduce((total, metrics) => total + numberOf(metrics), 0);
    return {
      traceCount: sum(({ traceCount }) => traceCount),
      cacheSize: sum(({ cacheSize }) => cacheSize),
      firstCallsMs: sum(({ firstCalls }) => firstCalls.reduce((ms, { traceMs, callMs }) => ms + traceMs + callMs, 0)),
    };
  }

  dispose(): void {
    for (const one of [this.#train, this.#recalibrate, this.#infer]) one.dispose();
    this.#optimizer.dispose();
    this.#average?.dispose();
    this.#accumulated?.dispose();
  }

  *#inputs(indices: Uint32Array): Generator<tf.Tensor> {
    for (const batch of batchesInOrder(indices)) {
      yield this.#fit.input(batch);
      countBatch();
    }
  }
}
