import { describe, expect, it } from 'vitest';
import { drawRates } from './draw-rates.ts';
import type { FoundRate } from './find-rates.ts';
import { rateText } from './rate-text.ts';

function found(losses: number[], changes: Partial<FoundRate> = {}): FoundRate {
  const rates = losses.map((_, index) => 1e-4 * 10 ** (index / 10));
  return {
    member: 'slim',
    stage: 'head',
    key: 'recipe.head.learningRate',
    planned: { kind: 'constant', value: 1e-3 },
    sweep: { stage: 'head', rates, losses, stepCount: 40 },
    suggestion: { valley: 1e-3, steepest: 1e-2, tenthOfMinimum: 1e-5 },
    ...changes,
  };
}

const falling = Array.from({ length: 31 }, (_, index) => 2 - index / 20);

/** The values of an attribute in all elements of a kind. */
const values = (svg: string, element: string, attribute: string) =>
  [...svg.matchAll(new RegExp(`<${element} [^>]*?\\b${attribute}="([^"]+)"`, 'g'))].map(([, value]) => Number(value));

describe('drawRates', () => {
  it('draws every loss, the smoothed line, and the suggested rates where they are on the axis', () => {
    const svg = drawRates([found(falling)]);
    const dots = values(svg, 'circle', 'cx');
    expect(dots).toHaveLength(31);
    // Equal factors are equal distances.
    expect(dots[20]! - dots[10]!).toBeCloseTo(dots[10]! - dots[0]!, 0);
    const points = svg.match(/<polyline points="([^"]+)"/)![1]!.split(' ');
    expect(points).toHaveLength(31);
    expect(svg).toContain('>valley: 1e-3<');
    expect(svg).toContain('>minimum / 10: 1e-5<');
    // Dashed lines of the plan, the valley and the steepest rate; a tenth of the minimum is left of the sweep.
    const dashed = [...svg.matchAll(/<line x1="([\d.]+)"[^>]*stroke-dasharray/g)].map(([, x]) => Number(x));
    expect(dashed).toEqual([dots[10], dots[10], dots[20]]);
    expect(values(svg, 'circle', 'cy').every((y) => y >= 40 && y <= 222)).toBe(true);
  });

  it('has finite coordinates whatever the losses are, and a panel per sweep', () => {
    const curves = [[], [1], [0, 0, 0], [1, 1e30], falling, [...falling, 1e9]];
    const svg = drawRates(curves.map((losses) => found(losses)));
    expect(svg.match(/<g transform/g)).toHaveLength(curves.length);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('names a rate that a sweep did not find, and escapes names', () => {
    const suggestion = { valley: 1e-3, steepest: null, tenthOfMinimum: 1e-5 };
    const svg = drawRates([found(falling, { suggestion, member: 'a<b' }), found(falling, { suggestion: undefined })]);
    expect(svg).toContain('a&lt;b, head');
    expect(svg).not.toContain('steepest');
  });
});

it.each([
  [1e-3, '1e-3'],
  [0.00123, '1.2e-3'],
  [0.0996, '1e-1'],
  [1, '1'],
  [10, '1e+1'],
])('rateText(%d) is %s', (rate, expected) => {
  expect(rateText(rate)).toBe(expected);
});
