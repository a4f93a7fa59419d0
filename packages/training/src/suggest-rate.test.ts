import { describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/optimizers.json' with { type: 'json' };
import { smoothed, suggestRate } from './suggest-rate.ts';

const { rates, losses, smoothed: expected, steep, valley, minimum } = golden.rateSearch;

describe('suggestRate', () => {
  it('smooths and suggests as fastai does', () => {
    for (const [index, value] of smoothed(losses).entries()) expect(value).toBeCloseTo(expected[index]!, 7);
    const suggestion = suggestRate({ rates, losses, stepCount: 100 })!;
    expect(suggestion.steepest! / steep).toBeCloseTo(1, 7);
    expect(suggestion.valley / valley).toBeCloseTo(1, 7);
    expect(suggestion.tenthOfMinimum / minimum).toBeCloseTo(1, 7);
  });

  it('leaves out the end of a sweep that diverged', () => {
    const short = { rates: rates.slice(0, 60), losses: losses.slice(0, 60), stepCount: 100 };
    const diverged = { ...short, losses: [...short.losses.slice(0, 58), -100, -200] };
    expect(suggestRate(diverged)).toEqual(suggestRate(short));
  });

  it('has no steepest rate for a loss that never falls', () => {
    const rising = rates.map((_, index) => 1 + index);
    expect(suggestRate({ rates, losses: rising, stepCount: 100 })).toEqual({
      steepest: null,
      valley: rates[10]!,
      tenthOfMinimum: rates[10]! / 10,
    });
  });

  it('suggests nothing if too few steps are left', () => {
    expect(suggestRate({ rates: rates.slice(0, 16), losses: losses.slice(0, 16), stepCount: 100 })).toBeUndefined();
    expect(suggestRate({ rates: [], losses: [], stepCount: 100 })).toBeUndefined();
  });
});
