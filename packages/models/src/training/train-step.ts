import tf from '@chorus/tfjs';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import { backpropagate } from './backpropagate.ts';
import { clipByGlobalNorm } from './clip-gradients.ts';
import type { GradientSum } from './gradient-sum.ts';
import type { Optimizer, OptimizerStep } from './optimizer.ts';
import { type TrainingLossOptions, trainingLoss } from './training-loss.ts';
import type { WeightAverage } from './weight-average.ts';

/** Inputs of a training step, together with those of `Optimizer.nextStep`: only tensors; the caller keeps ownership. */
export interface TrainingBatch extends OptimizerStep {
  /** [N, ...cut.shape] */
  activations: tf.Tensor;
  /** [N], int32: class indices; or [N, classes], float32: the classes' shares. With `distillation`, see its loss. */
  labels: tf.Tensor1D | tf.Tensor2D;
}

export interface UpdateOptions {
  /** Largest global norm of the gradients; by default unlimited. */
  clipNorm?: number | undefined;
  /** Averages to update after the step; the caller keeps ownership. */
  average?: WeightAverage | undefined;
}

export interface StepOptions extends TrainingLossOptions, UpdateOptions {}

/**
 * Runs one step of gradient descent on one batch; uses only tensors, so that it can be compiled.
 *
 * @returns the batch's mean loss before the step; the caller disposes.
 */
export function trainStep(
  view: FineTuneView,
  optimizer: Optimizer,
  { activations, labels, rates, step }: TrainingBatch,
  { clipNorm, average, ...options }: StepOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const loss = () => trainingLoss(view.suffix(activations, { training: true, step }), labels, options);
    const { value, gradients } = backpropagate(loss, view.variables);
    updateWeights(optimizer, gradients, { rates, step }, { clipNorm, average });
    return value;
  });
}

/** Part of a batch. */
export interface TrainingPart extends Omit<TrainingBatch, 'rates'> {
  /** The part's share of the batch's images; `step` is the number of the pass, which seeds the dropout masks. */
  weight: tf.Scalar;
}

/**
 * Adds the gradients of a part of a batch to a sum; {@link updateFromSum} then completes the step. With BatchNorm in mode `batch`,
 * each part is normalized by its own statistics. Uses only tensors, so that it can be compiled.
 *
 * @returns the part's mean loss; the caller disposes.
 */
export function accumulateGradients(
  view: FineTuneView,
  sum: GradientSum,
  { activations, labels, step, weight }: TrainingPart,
  options: TrainingLossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const loss = () => trainingLoss(view.suffix(activations, { training: true, step }), labels, options);
    const { value, gradients } = backpropagate(loss, view.variables);
    sum.add(gradients, weight);
    return value;
  });
}

/** Updates the weights with the gradients of all parts of a batch, and sets their sum to zero; uses only tensors. */
export function updateFromSum(
  optimizer: Optimizer,
  sum: GradientSum,
  step: OptimizerStep,
  options: UpdateOptions = {},
): void {
  tf.tidy(() => sum.take((gradients) => updateWeights(optimizer, gradients, step, options)));
}

// --- internal ---

function updateWeights(
  optimizer: Optimizer,
  gradients: tf.NamedTensorMap,
  { rates, step }: OptimizerStep,
  { clipNorm, average }: UpdateOptions,
): void {
  optimizer.update(clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, clipNorm), rates);
  average?.update(step);
}
