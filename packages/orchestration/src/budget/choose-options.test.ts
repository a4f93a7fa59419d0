import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseOptions, type LaneTime, type TimedOption, wallSeconds } from './choose-options.ts';

const option = fc.record({
  value: fc.integer({ min: 1, max: 20 }),
  seconds: fc.double({ min: 0, max: 10, noNaN: true }),
  longestSeconds: fc.double({ min: 0, max: 5, noNaN: true }),
});
// At most 12 options in all: of more, not every longest part is tried.
const members = fc.array(fc.array(option, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 });
const time = fc
  .record({
    seconds: fc.double({ min: 0, max: 30, noNaN: true }),
    laneCount: fc.integer({ min: 1, max: 4 }),
    alone: fc.constantFrom(1, 2),
  })
  .map(({ alone, ...lanes }): LaneTime => ({ ...lanes, speedAlone: Math.min(alone, lanes.laneCount) }));

const sum = (chosen: readonly (TimedOption | null)[], key: keyof TimedOption) =>
  chosen.reduce((total, one) => total + (one?.[key] ?? 0), 0);
const countOf = (chosen: readonly (TimedOption | null)[]) => chosen.filter((one) => one !== null).length;

const present = (chosen: readonly (TimedOption | null)[]) => chosen.filter((one) => one !== null);

/** The highest value of all choices that fit, or undefined. */
function highestValue(options: TimedOption[][], lanes: LaneTime, least: number) {
  let all: (TimedOption | null)[][] = [[]];
  for (const ofMember of options) all = all.flatMap((chosen) => [null, ...ofMember].map((one) => [...chosen, one]));
  const fitting = all.filter(
    (chosen) => countOf(chosen) >= least && wallSeconds(present(chosen), lanes) <= lanes.seconds,
  );
  return fitting.length === 0 ? undefined : Math.max(...fitting.map((chosen) => sum(chosen, 'value')));
}

describe('chooseOptions', () => {
  it('finds the highest value that fits, with enough members', () => {
    fc.assert(
      fc.property(members, time, (options, lanes) => {
        const chosen = chooseOptions(options, lanes, 2);
        expect(chosen && sum(chosen, 'value')).toBe(highestValue(options, lanes, 2));
        if (chosen === undefined) return;
        expect(chosen).toHaveLength(options.length);
        expect(countOf(chosen)).toBeGreaterThanOrEqual(2);
        expect(wallSeconds(present(chosen), lanes)).toBeLessThanOrEqual(lanes.seconds + 1e-9);
        for (const [index, one] of chosen.entries()) if (one !== null) expect(options[index]).toContain(one);
      }),
    );
  });

  it('never chooses less with more time', () => {
    fc.assert(
      fc.property(members, time, fc.double({ min: 1, max: 4, noNaN: true }), (options, lanes, factor) => {
        const more = { ...lanes, seconds: factor * lanes.seconds };
        const [before, after] = [lanes, more].map((one) => chooseOptions(options, one, 2));
        if (before !== undefined) expect(sum(after!, 'value')).toBeGreaterThanOrEqual(sum(before, 'value'));
      }),
    );
  });

  it('chooses among many members with many options', () => {
    const many = Array.from({ length: 16 }, (_, rank) =>
      Array.from({ length: 11 }, (__, epochs) => {
        const seconds = 1 + rank + 3 * epochs;
        return { value: (16 - rank) * (20 + epochs), seconds, longestSeconds: seconds / 2 };
      }),
    );
    const lanes = { seconds: 150, laneCount: 4, speedAlone: 1 };
    const chosen = chooseOptions(many, lanes, 2)!;
    expect(countOf(chosen)).toBeGreaterThan(8);
    expect(wallSeconds(present(chosen), lanes)).toBeLessThanOrEqual(150);
  });

  it('takes the shortest of equally valuable choices', () => {
    const [short, long] = [3, 7].map((seconds) => ({ value: 2, seconds, longestSeconds: 1 }));
    const all = { seconds: 100, laneCount: 2, speedAlone: 1 };
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
