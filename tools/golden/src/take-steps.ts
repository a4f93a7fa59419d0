import { type Adam, type FineTuneView, type LossOptions, trainStep } from '@chorus/models';
import tf from '@chorus/tfjs';
import { inWay, training, type Way } from './way.ts';

export interface Steps extends LossOptions {
  stepCount: number;
  learningRate: number;
  way: Way;
}

/** Takes steps on one batch, which the caller disposes; returns the loss before each step. */
export function takeSteps(
  part: FineTuneView,
  adam: Adam,
  { activations, labels }: { activations: tf.Tensor; labels: tf.Tensor1D },
  { stepCount, learningRate, way, ...options }: Steps,
): number[] {
  return inWay(
    way,
    (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
      trainStep(part, adam, { activations, labels, rates, step }, options),
    (train) =>
      Array.from({ length: stepCount }, () =>
        tf.tidy(() => {
          const { rates, step } = adam.nextStep(learningRate);
          return train(activations, labels, rates, step).dataSync()[0]!;
        }),
      ),
    training,
  );
}
