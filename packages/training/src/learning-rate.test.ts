import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import golden from '../../../tools/golden/optimizers.json' with { type: 'json' };
import { type LearningRate, learningRateAt } from './learning-rate.ts';

/** The rates of all steps of a stage. */
function ratesOf(schedule: LearningRate, epochCount: number, stepCount: number): number[] {
  return Array.from({ length: epochCount * stepCount }, (_, step) =>
    learningRateAt(schedule, {
      epochIndex: Math.floor(step / stepCount),
      stepIndex: step % stepCount,
      epochCount,
      stepCount,
    }),
  );
}

const value = fc.double({ min: 1e-8, max: 1, noNaN: true });
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const positive = fc.double({ min: 1e-6, max: 1, noNaN: true });
const schedules = {
  constant: fc.record({ kind: fc.constant('constant' as const), value }),
  cosine: fc.record({ kind: fc.constant('cosine' as const), value, warmUp: share, endFactor: fraction }),
  'one-cycle': fc.record({
    ...{ kind: fc.constant('one-cycle' as const), value },
    ...{ warmUp: share, startFactor: positive, endFactor: fraction },
  }),
  exponential: fc.record({ kind: fc.constant('exponential' as const), value, factorPerEpoch: positive }),
  step: fc.record({
    ...{ kind: fc.constant('step' as const), value },
    ...{ factor: positive, everyEpochs: fc.integer({ min: 1, max: 50 }) },
  }),
} satisfies Record<LearningRate['kind'], fc.Arbitrary<LearningRate>>;
const count = fc.integer({ min: 1, max: 40 });

describe('learningRateAt', () => {
  const { epochCount, stepCount, entries } = golden.schedules;
  test.each(entries.map(({ schedule, rates }) => [schedule as LearningRate, rates] as const))(
    'gives the rates of Keras and PyTorch over 20 steps: %j',
    (schedule, rates) => {
      const found = ratesOf(schedule, epochCount, stepCount);
      expect(found).toHaveLength(20);
      for (const [step, rate] of found.entries())
        expect(Math.abs(rate - rates[step]!), `step ${step}`).toBeLessThanOrEqual(1e-5 * schedule.value);
    },
  );

  it('of a constant schedule is the same in every step', () => {
    fc.assert(
      fc.property(schedules.constant, count, count, (schedule, epochCount, stepCount) => {
        expect(new Set(ratesOf(schedule, epochCount, stepCount))).toEqual(new Set([schedule.value]));
      }),
    );
  });

  it('is a finite number from 0 to `value`, for any schedule and number of steps', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(schedules)), count, count, (schedule, epochCount, stepCount) => {
        for (const rate of ratesOf(schedule, epochCount, stepCount)) {
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(schedule.value * (1 + 1e-12));
        }
      }),
    );
  });

  it('never falls during the warm-up, and never rises after it', () => {
    fc.assert(
      fc.property(
        fc.oneof(schedules.cosine, schedules['one-cycle']),
        count,
        count,
        (schedule, epochCount, stepCount) => {
          const rates = ratesOf(schedule, epochCount, stepCount);
          const peak = rates.indexOf(Math.max(...rates));
          const isSorted = (part: number[], sign: number) =>
            part.every((rate, index) => index === 0 || sign * (rate - part[index - 1]!) >= -1e-12);
          expect(isSorted(rates.slice(0, peak + 1), 1)).toBe(true);
          expect(isSorted(rates.slice(peak), -1)).toBe(true);
        },
      ),
    );
  });

  it('depends on the length of the stage only for schedules that end with it', () => {
    const rateFor = (schedule: LearningRate, epochCount: number) =>
      learningRateAt(schedule, { epochIndex: 2, stepIndex: 1, epochCount, stepCount: 4 });
    for (const { schedule } of entries) {
      const isTheSame = rateFor(schedule as LearningRate, 5) === rateFor(schedule as LearningRate, 50);
      expect(isTheSame, schedule.kind).toBe(!['cosine', 'one-cycle'].includes(schedule.kind));
    }
  });
});
