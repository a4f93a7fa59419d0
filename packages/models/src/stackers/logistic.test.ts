import fc from 'fast-check';
import { expect, it } from 'vitest';
import golden from '../../../../tools/golden/scores.json' with { type: 'json' };
import { type HardData, hardData } from './hard-data.fixture.ts';
import { fitLogistic } from './logistic.ts';
import { rowLoss } from './row-loss.ts';

it.each(golden.logistic)(
  'the coefficients minimize the objective, as SciPy finds them: $logits.length members',
  (one) => {
    const logits = one.logits.map((values) => Float32Array.from(values));
    const { coefficients } = fitLogistic(logits, one.labels, { classCount: 2 });
    expect(coefficients).toHaveLength(one.coefficients.length);
    for (const [index, coefficient] of coefficients.entries())
      expect(coefficient).toBeCloseTo(one.coefficients[index]!, 5);
  },
);

it('never fails, for separable and degenerate data, and is no worse than the mean of the logits', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(hardData, ({ classCount, labels, logits }) => {
      const { coefficients } = fitLogistic(logits, labels, { classCount });
      expect(coefficients.every(Number.isFinite)).toBe(true);
      const stride = logits.length + 1;
      const mean = coefficients.map((_, index) => (index % stride < logits.length ? 1 / logits.length : 0));
      const [found, before] = [coefficients, mean].map((all) => lossOf(all, { classCount, labels, logits }));
      expect(found).toBeLessThanOrEqual(before! * (1 + 1e-9) + 1e-9);
    }),
    { numRuns: 40 },
  );
});

it('says that it has not converged for members whose logits differ by orders of magnitude', () => {
  const labels = Array.from({ length: 43 }, (_, row) => row % 6);
  const logits = [0, 1, 2, 3, 4].map((member) =>
    Float32Array.from({ length: 43 * 6 }, (_, index) => {
      const isTrue = labels[Math.floor(index / 6)] === index % 6;
      return 8608 * 10 ** -member * (Number(isTrue) + 1.5 * Math.sin(7919 * (index + 1000 * member)));
    }),
  );
  let limits = 0;
  const onLimit = () => {
    limits += 1;
  };
  const { coefficients } = fitLogistic(logits, labels, { classCount: 6, onLimit });
  expect(coefficients.every(Number.isFinite)).toBe(true);
  expect(limits).toBe(1);
});

// --- internal ---

/** Sum of the losses, without the prior, which is 0 at the mean. */
function lossOf(coefficients: readonly number[], { classCount, labels, logits }: HardData): number {
  const outputs = classCount === 2 ? 1 : classCount;
  const stride = logits.length + 1;
  return labels.reduce((sum, label, row) => {
    const combined = Float64Array.from({ length: outputs }, (_, output) =>
      logits.reduce(
        (logit, one, member) => logit + coefficients[output * stride + member]! * one[row * outputs + output]!,
        coefficients[output * stride + logits.length]!,
      ),
    );
    return sum + rowLoss(combined, label).loss;
  }, 0);
}
