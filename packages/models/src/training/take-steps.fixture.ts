import { type CompileOptions, compile } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import type { Adam } from './adam.ts';
import type { LossOptions } from './cross-entropy.ts';
import { trainStep } from './train-step.ts';

export interface Steps extends LossOptions {
  stepCount: number;
  learningRate: number;
  /** As one op, with these; by default op by op. */
  compiled?: CompileOptions;
}

/** Steps on one batch, which stays the caller's; the loss before each. */
export function takeSteps(
  view: FineTuneView,
  adam: Adam,
  { activations, labels }: { activations: tf.Tensor; labels: tf.Tensor1D },
  { stepCount, learningRate, compiled, ...options }: Steps,
): number[] {
  const eager = (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
    trainStep(view, adam, { activations, labels, rates, step }, options);
  const asOne = compiled && compile(eager, compiled);
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
