import fc from 'fast-check';
import { expect, it } from 'vitest';
import { learningRateAt } from './learning-rate.ts';

it('a constant learning rate is the same in every step', () => {
  const count = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true }), count, count, fc.nat(), (value, epochCount, stepCount, at) => {
      const where = { epochIndex: at % epochCount, stepIndex: at % stepCount, epochCount, stepCount };
      expect(learningRateAt({ kind: 'constant', value }, where)).toBe(value);
    }),
  );
});
