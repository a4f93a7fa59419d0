/**
 * Compares the stacker of "Destroy Image Classification by Ensemble of Pre-trained models" (Vardan Agarwal, 2020) with Keras:
 * `tools/golden/article.py` documents and writes `article.json`.
 */
import { describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/article.json' with { type: 'json' };
import { largestDifference } from '../numbers.fixture.ts';
import { DenseNetwork } from './dense-network.ts';
import { ScalarAdam } from './scalar-adam.ts';

describe('a dense stacker trained as in the article', () => {
  it.each([
    ['tf_keras 2.21', golden.stacker.tfKeras, 'cached-logits'],
    ['the loss of TensorFlow 2.1 and 2.2', golden.stacker.tensorFlow22Loss, 'probabilities'],
  ] as const)('computes the numbers of %s', (_, expected, fromLogitsOnSigmoid) => {
    const { answers, labels, firstWeights } = golden.stacker;
    const [rowCount, batchSize] = [labels.length, 32];
    const memberCount = answers.length / rowCount;
    const network = new DenseNetwork(memberCount, 1, Float64Array.from(firstWeights));
    const rows = labels.map((label, row) => ({
      input: Float64Array.from(answers.slice(row * memberCount, (row + 1) * memberCount)),
      label,
    }));
    const adam = new ScalarAdam(network.weights, 1e-3);
    const losses = expected.losses.map(() => {
      let sum = 0;
      for (let start = 0; start < rowCount; start += batchSize) {
        const batch = rows.slice(start, start + batchSize);
        const lossBefore = batch.reduce((total, row) => total + network.loss(row, fromLogitsOnSigmoid), 0);
        adam.step(network.gradient(batch, fromLogitsOnSigmoid));
        expect(network.batchLoss).toBeCloseTo(lossBefore, 12);
        sum += network.batchLoss;
      }
      return sum / rowCount;
    });
    expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-5);
    expect(largestDifference(network.weights, expected.weights)).toBeLessThan(1e-5);
  });
});
