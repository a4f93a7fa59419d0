import { type Adam, type LossOptions, type TrainablePart, trainStep } from '@chorus/models';
import { compile } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';

export interface Steps extends LossOptions {
  stepCount: number;
  learningRate: number;
  /** As one op, as grappler leaves it alone. */
  compiled?: boolean;
}

/** Steps on one batch, which stays the caller's; the loss before each. */
export function takeSteps(
  part: TrainablePart,
  adam: Adam,
  { activations, labels }: { activations: tf.Tensor; labels: tf.Tensor1D },
  { stepCount, learningRate, compiled = false, ...options }: Steps,
): number[] {
  const eager = (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
    trainStep(part, adam, { activations, labels, rates, step }, options);
  const asOne = compiled ? compile(eager, { optimises: false }) : undefined;
  const train = asOne ?? eager;
  try {
    return Array.from({ length: stepCount }, () =>
      tf.tidy(() => {
        const { rates, step } = adam.nextStep(learningRate);
        return train(activations, labels, rates, step).dataSync()[0]!;
      }),
    );
  } finally {
    asOne?.dispose();
  }
}
