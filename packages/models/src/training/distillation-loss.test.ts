import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/distillation.json' with { type: 'json' };
import { largestDifference } from '../numbers.fixture.ts';
import { type Distillation, distillationLoss } from './distillation-loss.ts';
import { trainingLoss } from './training-loss.ts';

beforeAll(() => tf.setBackend('cpu'));

interface Case extends Distillation {
  labels: number[];
  teacher: number[][];
  labelSmoothing: number;
}

/** [N, 2 × classes] */
const targetsOf = ({ labels, teacher }: Case) =>
  labels.map((label, row) => [...teacher[row]!.map((_, index) => Number(index === label)), ...teacher[row]!]);

function lossAndGradients(logits: number[][], one: Case): { loss: number; gradients: Float32Array } {
  const { labelSmoothing, ...distillation } = one;
  return tf.tidy(() => {
    const targets = tf.tensor2d(targetsOf(one));
    const loss = (z: tf.Tensor) => distillationLoss(z as tf.Tensor2D, targets, distillation, { labelSmoothing });
    const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d(logits));
    return { loss: value.dataSync()[0]!, gradients: grad.dataSync<'float32'>().slice() };
  });
}

describe('distillationLoss', () => {
  it.each(golden.losses)(
    'is that of PyTorch: temperature $temperature, share of the labels $labelShare, smoothing $labelSmoothing',
    ({ logits, loss, gradients, ...one }) => {
      const found = lossAndGradients(logits, one);
      expect(found.loss).toBeCloseTo(loss, 5);
      expect(largestDifference(found.gradients, gradients.flat())).toBeLessThan(1e-6);
      if (one.teacher[0]!.length > 2) return;
      // One logit is the difference of two.
      const single = lossAndGradients(
        logits.map(([a, b]) => [b! - a!]),
        one,
      );
      expect(single.loss).toBeCloseTo(loss, 5);
      expect(
        largestDifference(
          single.gradients,
          gradients.map(([, b]) => b!),
        ),
      ).toBeLessThan(1e-6);
    },
  );

  it('is 0 for a student that equals its teacher, and finite for a certain teacher', () => {
    const same = { labels: [0], teacher: [[0.25, 0.75]], labelSmoothing: 0, temperature: 1, labelShare: 0 };
    const { loss, gradients } = lossAndGradients([[Math.log(3)]], same);
    expect(loss).toBeCloseTo(0, 6);
    expect(gradients[0]).toBeCloseTo(0, 6);
    const certain = { ...same, teacher: [[0, 1]] };
    expect(lossAndGradients([[Math.log(3)]], certain).loss).toBeCloseTo(-Math.log(0.75), 6);
    expect(lossAndGradients([[-1e4]], certain).loss).toBeCloseTo(1e4, 0);
  });
});

describe('trainingLoss', () => {
  it('is that of the labels without distillation, and that of the teacher with it', () => {
    const lossOf = (labels: tf.Tensor1D | tf.Tensor2D, options: Parameters<typeof trainingLoss>[2]) =>
      trainingLoss(tf.tensor2d([[Math.log(3)]]), labels, options).dataSync()[0];
    expect(lossOf(tf.tensor1d([0], 'int32'), {})).toBeCloseTo(-Math.log(0.25), 6);
    const distillation = { temperature: 1, labelShare: 0 };
    expect(lossOf(tf.tensor2d([[1, 0, 0.25, 0.75]]), { distillation })).toBeCloseTo(0, 6);
  });
});
