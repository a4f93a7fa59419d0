import { describe, expect, it } from 'vitest';
import { compare, type Goal, verdict } from './comparison.ts';

const measurement = (contestant: string, samples: number[]) =>
  ({ contestant, quantity: 'step', unit: 's', samples }) as const;

describe('compare', () => {
  const [ours, theirs] = [measurement('Chorus', [1, 2, 4]), measurement('Keras', [3, 2, 2])];

  it('pairs the samples of each round', () => {
    expect(compare('speed', ours, theirs).ratios).toEqual([3, 1, 0.5]);
    expect(compare('time', ours, theirs).ratios).toEqual([1 / 3, 1, 2]);
    expect(compare('memory', ours, theirs)).toMatchObject({
      quantity: 'step',
      contestant: 'Chorus',
      peer: 'Keras',
      goals: [],
    });
  });

  it('throws if samples are missing', () => {
    expect(() => compare('time', ours, measurement('Keras', [1]))).toThrow('as many samples of Chorus and Keras');
  });
});

describe('verdict', () => {
  it.each<[Goal, number[], { holds: boolean; missedBy: number }]>([
    [{ bound: 'at least', ratio: 1.5 }, [1.4, 1.5, 1.6], { holds: true, missedBy: 0 }],
    [{ bound: 'at least', ratio: 1.5 }, [1.2, 9, 1.2], { holds: false, missedBy: 0.2 }],
    [{ bound: 'at most', ratio: 0.8 }, [0.8], { holds: true, missedBy: 0 }],
    [{ bound: 'at most', ratio: 0.8 }, [1], { holds: false, missedBy: 0.25 }],
  ])('of %j with %j', (goal, ratios, expected) => {
    const { holds, missedBy } = verdict(goal, ratios);
    expect(holds).toBe(expected.holds);
    expect(missedBy).toBeCloseTo(expected.missedBy, 12);
  });
});
