import { describe, expect, it } from 'vitest';
import { worstOf } from './finding.ts';

describe('worstOf', () => {
  it.each<[string, [string, number][]]>([
    [
      'the largest',
      [
        ['a', 1],
        ['worst', 3],
        ['b', 2],
      ],
    ],
    [
      'NaN at the beginning',
      [
        ['worst', Number.NaN],
        ['a', 1],
        ['b', Number.POSITIVE_INFINITY],
      ],
    ],
    [
      'NaN in the middle',
      [
        ['a', 1],
        ['worst', Number.NaN],
        ['b', 2],
      ],
    ],
    [
      'NaN at the end',
      [
        ['a', Number.POSITIVE_INFINITY],
        ['worst', Number.NaN],
      ],
    ],
    [
      'a missing value',
      [
        ['a', 1],
        ['worst', Number.POSITIVE_INFINITY],
        ['b', 2],
      ],
    ],
  ])('is %s', (_, comparisons) => {
    const [, worst] = comparisons.find(([where]) => where === 'worst')!;
    expect(worstOf('some', 1, comparisons)).toEqual({ check: 'some', worst, limit: 1, where: 'worst' });
  });

  it('is 0 without comparisons', () => {
    expect(worstOf('some', 1, [])).toEqual({ check: 'some', worst: 0, limit: 1, where: '' });
  });
});
