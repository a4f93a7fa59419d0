import { describe, expect, it } from 'vitest';
import { largestDifference } from '../../numbers.fixture.ts';
import { fitRegression } from './regression.ts';

describe.each([1, 3])('fitRegression with %i outputs', (outputCount) => {
  it('counts a row of weight n as n rows', () => {
    const width = 3;
    const labels = Array.from({ length: 40 }, (_, row) => (outputCount === 1 ? Number(row % 5 < 2) : row % 3));
    const counts = labels.map((_, row) => (row % 4) + 1);
    const values = Float32Array.from({ length: labels.length * width }, (_, index) => Math.sin(index * index));
    const rows = Uint32Array.from(labels.keys());
    const repeated = Uint32Array.from(labels.flatMap((_, row) => Array<number>(counts[row]!).fill(row)));
    const data = { values, width, labels, outputCount };
    const options = { strength: 0.5, tolerance: 1e-14, onStep() {} };
    const weighted = fitRegression({ ...data, rows, rowWeights: counts }, options);
    const unweighted = fitRegression({ ...data, rows: repeated, rowWeights: labels.map(() => 1) }, options);
    expect(Math.max(...weighted.map(Math.abs))).toBeGreaterThan(0.1);
    expect(largestDifference(weighted, unweighted)).toBeLessThan(1e-6);
  });
});
