import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excessMegabytes } from '../experiment/member-limits.ts';
import { type PrunableMember, pruneMembers } from './prune-members.ts';

const labels = Int32Array.from({ length: 200 }, (_, row) => row % 2);

/** A member that is right with a probability of 0.9, except in some rows. */
function member(isWrong: (row: number) => boolean, cost: { bytes?: number; work?: number } = {}): PrunableMember {
  const probabilities = Float32Array.from(
    Array.from(labels, (label, row) => {
      const second = (label === 1) !== isWrong(row) ? 0.9 : 0.1;
      return [1 - second, second];
    }).flat(),
  );
  return { probabilities, bytes: cost.bytes ?? 1e6, work: cost.work ?? 1 };
}

// Wrong in different rows: each pair is better than one of them, all three are best.
const one = member((row) => row % 10 === 0);
const two = member((row) => row % 10 === 1);
const three = member((row) => row % 10 === 2);
const weak = member((row) => row % 3 === 0);
const best = member((row) => row % 20 === 0);
const keptOf = (members: readonly PrunableMember[], limits: { maxMembers?: number; maxMegabytes?: number }) =>
  pruneMembers(members, labels, { minMembers: 2, ...limits }).kept;

describe('pruneMembers', () => {
  it('keeps the members that complement each other', () => {
    expect(keptOf([weak, one, one, two], { maxMembers: 2 })).toEqual([1, 3]);
    expect(keptOf([weak, one, one, two, three], { maxMembers: 3 })).toEqual([1, 3, 4]);
  });

  it('keeps fewer than the limit if another one hardly lowers the loss', () => {
    expect(keptOf([weak, one, two, weak], { maxMembers: 4 })).toEqual([1, 2]);
  });

  it('prefers the cheaper of two equal members, and drops one that costs more than it adds', () => {
    const costly = { ...two, work: 8 };
    expect(keptOf([one, costly, two], { maxMembers: 2 })).toEqual([0, 2]);
    // Hardly anything but work: wrong in one row less than `two`.
    const hardlyBetter = member((row) => row % 10 === 1 && row !== 11, { work: 30 });
    expect(keptOf([best, hardlyBetter, two], { maxMembers: 2 })).toEqual([0, 2]);
  });

  it('keeps the best single member, whatever it costs, if it fits', () => {
    const costly = { ...best, work: 1000, bytes: 50e6 };
    expect(keptOf([one, costly, two], { maxMembers: 2 })).toContain(1);
    expect(keptOf([one, costly, two], { maxMegabytes: 51 })).toContain(1);
    expect(keptOf([one, costly, two], { maxMegabytes: 50 })).toEqual([0, 2]);
  });

  it('keeps at least minMembers, even if they do not help', () => {
    const { kept } = pruneMembers([best, weak, weak], labels, { minMembers: 2, maxMembers: 3 });
    expect(kept).toEqual([0, 1]);
    expect(pruneMembers([best, weak, weak], labels, { minMembers: 3, maxMembers: 3 }).kept).toEqual([0, 1, 2]);
  });

  it('gives the out-of-fold log losses of the means', () => {
    const { kept, meanLogLoss } = pruneMembers([one, two, weak], labels, { minMembers: 2, maxMembers: 2 });
    expect(kept).toEqual([0, 1]);
    // One of the two is wrong in a fifth of the rows: (0.9 + 0.1) / 2.
    expect(meanLogLoss.kept).toBeCloseTo(-0.8 * Math.log(0.9) - 0.2 * Math.log(0.5), 6);
    expect(meanLogLoss.all).toBeGreaterThan(meanLogLoss.kept);
  });

  it('has room for members of exactly the limit, as a run does', () => {
    // 8.2 * 1e6 is 8199999.999999999.
    const [limits, sizes] = [{ minMembers: 2, maxMegabytes: 8.2 }, [4e6, 4.2e6]];
    expect(excessMegabytes(sizes, limits)).toBeUndefined();
    const members = sizes.map((bytes) => ({ ...one, bytes }));
    expect(pruneMembers(members, labels, limits).kept).toEqual([0, 1]);
  });

  it('stays within its limits, and keeps enough members', () => {
    const members = fc.array(
      fc.record({
        period: fc.integer({ min: 1, max: 20 }),
        bytes: fc.integer({ min: 1e5, max: 2e7 }),
        work: fc.integer({ min: 1, max: 100 }),
      }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        members,
        fc.integer({ min: 2, max: 6 }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        (all, maxMembers, room) => {
          const prunable = all.map(({ period, ...cost }) => member((row) => row % period === 0, cost));
          const sizes = all.map(({ bytes }) => bytes).toSorted((a, b) => a - b);
          const maxMegabytes = (room * (sizes[0]! + sizes[1]!)) / 1e6;
          const { kept } = pruneMembers(prunable, labels, { minMembers: 2, maxMembers, maxMegabytes });
          expect(kept.length).toBeGreaterThanOrEqual(2);
          expect(kept.length).toBeLessThanOrEqual(maxMembers);
          expect(kept).toEqual([...new Set(kept)].toSorted((a, b) => a - b));
          const bytes = kept.reduce((sum, index) => sum + all[index]!.bytes, 0);
          expect(bytes / 1e6).toBeLessThanOrEqual(maxMegabytes);
        },
      ),
    );
  });
});
