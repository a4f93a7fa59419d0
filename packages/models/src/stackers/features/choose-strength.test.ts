import { describe, expect, it } from 'vitest';
import { chooseStrength } from './choose-strength.ts';

/** Rows of two classes that every feature separates. */
function separable(rowCount: number) {
  const width = 30;
  const labels = Array.from({ length: rowCount }, (_, row) => row % 2);
  const values = Float32Array.from({ length: rowCount * width }, (_, index) => {
    const label = labels[Math.floor(index / width)]!;
    return 2 * label - 1 + 0.3 * Math.sin(index * index);
  });
  const rows = Uint32Array.from(labels.keys());
  return { values, width, labels, rowWeights: labels.map(() => 1), rows, outputCount: 1 };
}

describe('chooseStrength', () => {
  it.each([
    [8, 0.1],
    [16, 0.1],
    [40, 1],
    [400, 1],
  ])('chooses no strength below a 200th of the number of rows or 1: %i separable rows', (rowCount, expected) => {
    const { strength } = chooseStrength(separable(rowCount), { seed: 0, onStep() {} });
    expect(strength).toBe(expected);
  });
});
