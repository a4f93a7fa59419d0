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
    [20, 0.1],
    [21, 1],
    [400, 1],
  ])(
    'chooses the weakest penalty for separable rows, which is not below 1 for more than 20: %i rows',
    (rowCount, expected) => {
      const { strength } = chooseStrength(separable(rowCount), { seed: 0, onStep() {} });
      expect(strength).toBe(expected);
    },
  );
});
