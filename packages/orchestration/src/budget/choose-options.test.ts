import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseOptions, type TimedOption } from './choose-options.ts';

const option = fc.record({
  value: fc.integer({ min: 1, max: 20 }),
  seconds: fc.double({ min: 0, max: 10, noNaN: true }),
  longestSeconds: fc.double({ min: 0, max: 5, noNaN: true }),
});
const members = fc.array(fc.array(option, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 });
const limits = fc.record({
  laneSeconds: fc.double({ min: 0, max: 40, noNaN: true }),
  longestSeconds: fc.double({ min: 0, max: 6, noNaN: true }),
});
type Limits = Parameters<typeof chooseOptions>[1];

const sum = (chosen: readonly (TimedOption | null)[], key: keyof TimedOption) =>
  chosen.reduce((total, one) => total + (one?.[key] ?? 0), 0);
const countOf = (chosen: readonly (TimedOption | null)[]) => chosen.filter((one) => one !== null).length;

/** The highest value of all choices that fit, or undefined. */
function highestValue(options: TimedOption[][], { laneSeconds, longestSeconds }: Limits, least: number) {
  let all: (TimedOption | null)[][] = [[]];
  for (const ofMember of options) all = all.flatMap((chosen) => [null, ...ofMember].map((one) => [...chosen, one]));
  const fitting = all.filter(
    (chosen) =>
      countOf(chosen) >= least &&
      sum(chosen, 'seconds') <= laneSeconds &&
      chosen.every((one) => one === null || one.longestSeconds <= longestSeconds),
  );
  return fitting.length === 0 ? undefined : Math.max(...fitting.map((chosen) => sum(chosen, 'value')));
}

describe('chooseOptions', () => {
  it('finds the highest value that fits, with enough members', () => {
    fc.assert(
      fc.property(members, limits, (options, limit) => {
        const chosen = chooseOptions(options, limit, 2);
        expect(chosen && sum(chosen, 'value')).toBe(highestValue(options, limit, 2));
        if (chosen === undefined) return;
        expect(chosen).toHaveLength(options.length);
        expect(countOf(chosen)).toBeGreaterThanOrEqual(2);
        expect(sum(chosen, 'seconds')).toBeLessThanOrEqual(limit.laneSeconds + 1e-9);
        for (const one of chosen)
          if (one !== null) expect(one.longestSeconds).toBeLessThanOrEqual(limit.longestSeconds);
      }),
    );
  });

  it('never chooses less with more time', () => {
    fc.assert(
      fc.property(members, limits, fc.double({ min: 1, max: 4, noNaN: true }), (options, limit, factor) => {
        const more = { laneSeconds: factor * limit.laneSeconds, longestSeconds: factor * limit.longestSeconds };
        const [before, after] = [limit, more].map((one) => chooseOptions(options, one, 2));
        if (before !== undefined) expect(sum(after!, 'value')).toBeGreaterThanOrEqual(sum(before, 'value'));
      }),
    );
  });

  it('takes the shortest of equally valuable choices', () => {
    const [short, long] = [3, 7].map((seconds) => ({ value: 2, seconds, longestSeconds: 1 }));
    const all = { laneSeconds: 100, longestSeconds: 100 };
    expect(
      chooseOptions(
        [
          [long!, short!],
          [short!, long!],
        ],
        all,
        2,
      ),
    ).toEqual([short, short]);
  });
});
