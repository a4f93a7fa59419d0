import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawBalanced } from './balanced-draw.ts';

/** Labels of up to five classes, of which the larger numbers are rarer. */
const anyLabels = fc.array(
  fc.nat(99).map((draw) => (draw < 70 ? 0 : draw < 90 ? 1 : draw < 96 ? 2 : draw < 99 ? 3 : 4)),
  { minLength: 1, maxLength: 300 },
);
const indicesOf = (labels: readonly number[]) => Uint32Array.from(labels, (_, position) => 3 * position + 1);

function countsOf(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);

describe('drawBalanced', () => {
  it('draws as many images as there are, with the counts of classes, and of images of a class, within one', () => {
    fc.assert(
      fc.property(anyLabels, fc.nat(), fc.nat(50), (labels, seed, epochIndex) => {
        const indices = indicesOf(labels);
        const drawn = drawBalanced(indices, labels, { seed, epochIndex });
        expect(drawn).toHaveLength(labels.length);
        const labelOf = new Map(labels.map((label, position) => [indices[position]!, label]));
        const classes = [...new Set(labels)];
        const byClass = countsOf(Array.from(drawn, (index) => labelOf.get(index)!));
        expect(spread(classes.map((label) => byClass.get(label) ?? 0))).toBeLessThanOrEqual(1);
        const byImage = countsOf(drawn);
        for (const label of classes)
          expect(
            spread([...labelOf].filter(([, one]) => one === label).map(([index]) => byImage.get(index) ?? 0)),
          ).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('depends only on seed and epoch', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(50), (seed, epochIndex) => {
        const labels = Array.from({ length: 60 }, (_, position) => Number(position % 6 === 0));
        const draw = (own: { seed: number; epochIndex: number }) => drawBalanced(indicesOf(labels), labels, own);
        expect(draw({ seed, epochIndex })).toEqual(draw({ seed, epochIndex }));
        expect(draw({ seed, epochIndex: epochIndex + 1 })).not.toEqual(draw({ seed, epochIndex }));
        expect(draw({ seed: seed + 1, epochIndex })).not.toEqual(draw({ seed, epochIndex }));
      }),
    );
  });

  it.each([
    [40, 2],
    [37, 5],
    [11, 3, 2],
  ])('draws each image as often as all classes of %i, %i and %o images demand', (...counts) => {
    const labels = counts.filter((count) => count !== undefined).flatMap((count, label) => Array(count).fill(label));
    const indices = indicesOf(labels);
    const epochCount = 4000;
    const sums = new Map<number, number>();
    for (let epochIndex = 0; epochIndex < epochCount; epochIndex += 1)
      for (const index of drawBalanced(indices, labels, { seed: 7, epochIndex }))
        sums.set(index, (sums.get(index) ?? 0) + 1);
    const classCount = new Set(labels).size;
    for (const [position, label] of labels.entries()) {
      const expected = labels.length / (classCount * counts[label]!);
      // The standard deviation of an epoch's count is at most one half: five standard errors.
      expect(Math.abs(sums.get(indices[position]!)! / epochCount - expected)).toBeLessThan(2.5 / Math.sqrt(epochCount));
    }
  });

  it('draws equal classes once each', () => {
    const labels = [1, 0, 1, 0, 0, 1];
    const drawn = drawBalanced(indicesOf(labels), labels, { seed: 1, epochIndex: 0 });
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([...indicesOf(labels)]);
  });
});
