import * as tf from '@tensorflow/tfjs';
import type { TrainablePart } from '../classifier/trainable-part.ts';
import type { Adam } from './adam.ts';
import type { LossOptions } from './cross-entropy.ts';
import { trainStep } from './train-step.ts';

/** Steps on one batch, which stays the caller's; the loss before each. */
export function takeSteps(
  part: TrainablePart,
  adam: Adam,
  batch: { activations: tf.Tensor; labels: tf.Tensor1D },
  { stepCount, learningRate, ...options }: LossOptions & { stepCount: number; learningRate: number },
): number[] {
  return Array.from({ length: stepCount }, () =>
    tf.tidy(() => trainStep(part, adam, { ...batch, ...adam.nextStep(learningRate) }, options).dataSync()[0]!),
  );
}
