import fc from 'fast-check';
import { expect, it } from 'vitest';
import { balancedLogLoss } from './balanced-log-loss.ts';
import { scoreProbabilities } from './score.ts';

const classes = ['a', 'b', 'c'];

it('is the mean of the log losses of the classes', async () => {
  const probabilities = Float32Array.of(0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.125, 0.75, 0.125);
  // Class 2 does not occur.
  const expected = (Math.log(2) + (Math.log(4) + Math.log(4 / 3)) / 2) / 2;
  expect(await balancedLogLoss(probabilities, [0, 0, 1, 1], 3)).toBeCloseTo(expected, 6);
  expect(await balancedLogLoss(new Float32Array(), [], 3)).toBe(0);
});

it('is the log loss of classes of equal size, and does not change when images of one class are repeated', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), { minLength: 9, maxLength: 9 }),
      fc.integer({ min: 2, max: 5 }),
      async (rows, copies) => {
        const shares = rows.map((row) => row.map((one) => (one + 1) / (row[0] + row[1] + row[2] + 3)));
        const labels = rows.map((_, row) => row % 3);
        const balanced = await balancedLogLoss(Float32Array.from(shares.flat()), labels, 3);
        const { logLoss } = scoreProbabilities(Float32Array.from(shares.flat()), labels, classes);
        expect(balanced).toBeCloseTo(logLoss, 6);
        const repeated = shares.flatMap((row, index) => Array<number[]>(labels[index] === 1 ? copies : 1).fill(row));
        const own = labels.flatMap((label) => Array<number>(label === 1 ? copies : 1).fill(label));
        expect(await balancedLogLoss(Float32Array.from(repeated.flat()), own, 3)).toBeCloseTo(balanced, 6);
      },
    ),
  ));
