import { type CompileOptions, compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import type { Optimizer } from './optimizer.ts';
import { type StepOptions, trainStep } from './train-step.ts';

export interface Steps extends StepOptions {
  stepCount: number;
  learningRate: number;
  /** Options to compile the step into one op with; omitted, it runs op by op. */
  compiled?: CompileOptions;
}

/** Trains on one batch, which the caller keeps; returns the loss before each step. */
export function takeSteps(
  view: FineTuneView,
  optimizer: Optimizer,
  { activations, labels }: { activations: tf.Tensor; labels: tf.Tensor1D },
  { stepCount, learningRate, compiled, ...options }: Steps,
): number[] {
  const eager = (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
    trainStep(view, optimizer, { activations, labels, rates, step }, options);
  const asOne = compiled && compile(eager, compiled);
  const train = asOne ?? eager;
  try {
    return Array.from({ length: stepCount }, () =>
      tf.tidy(() => {
        const { rates, step } = optimizer.nextStep(learningRate);
        return train(activations, labels, rates, step).dataSync()[0]!;
      }),
    );
  } finally {
    asOne?.dispose();
  }
}
