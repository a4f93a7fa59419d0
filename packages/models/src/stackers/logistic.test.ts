import { expect, it } from 'vitest';
import golden from '../../../../tools/golden/scores.json' with { type: 'json' };
import { fitLogistic } from './logistic.ts';

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
