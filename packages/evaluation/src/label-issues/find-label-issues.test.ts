import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { findLabelIssues, findLabelIssuesWithPauses } from './find-label-issues.ts';
import type { LabeledProbabilities } from './labeled-probabilities.ts';

/** Random tables: 2 to 6 classes, some without images; probabilities that sum to 1 and hardly ever tie. */
const tables = fc
  .record({ classCount: fc.integer({ min: 2, max: 6 }), rowCount: fc.integer({ min: 0, max: 60 }) })
  .chain(({ classCount, rowCount }) =>
    fc.record({
      classCount: fc.constant(classCount),
      labels: fc.array(fc.nat(classCount - 1), { minLength: rowCount, maxLength: rowCount }),
      logits: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), {
        minLength: rowCount * classCount,
        maxLength: rowCount * classCount,
      }),
    }),
  )
  .map(({ classCount, labels, logits }): LabeledProbabilities & { labels: number[] } => {
    const probabilities = new Float32Array(logits.length);
    for (let start = 0; start < logits.length; start += classCount) {
      const row = logits.slice(start, start + classCount).map(Math.exp);
      const sum = row.reduce((all, value) => all + value, 0);
      probabilities.set(
        row.map((value) => value / sum),
        start,
      );
    }
    return { probabilities, labels, classCount };
  });

function permuted({ probabilities, labels, classCount }: LabeledProbabilities, order: readonly number[]) {
  const rows = order.map((row) => probabilities.subarray(row * classCount, (row + 1) * classCount));
  return {
    probabilities: Float32Array.from(rows.flatMap((row) => [...row])),
    labels: order.map((row) => labels[row]!),
    classCount,
  };
}

/** Whether no two images of a class have equal differences between two of their probabilities. */
function hasNoTies({ probabilities, labels, classCount }: LabeledProbabilities): boolean {
  const seen = new Set<string>();
  for (let row = 0; row < labels.length; row += 1)
    for (let other = 0; other < classCount; other += 1) {
      const given = labels[row]!;
      if (other === given) continue;
      const margin = probabilities[row * classCount + other]! - probabilities[row * classCount + given]!;
      const key = `${given} ${other} ${margin}`;
      if (seen.has(key)) return false;
      seen.add(key);
    }
  return true;
}

const oneHot = (labels: readonly number[], classCount: number) =>
  Float32Array.from(labels.flatMap((label) => Array.from({ length: classCount }, (_, one) => Number(one === label))));

describe('findLabelIssues', () => {
  it('finds the same images in any order of the images', () => {
    const cases = tables
      .filter(hasNoTies)
      .chain((rows) =>
        fc.tuple(fc.constant(rows), fc.shuffledSubarray([...rows.labels.keys()], { minLength: rows.labels.length })),
      );
    fc.assert(
      fc.property(cases, ([rows, order]) => {
        const found = findLabelIssues(permuted(rows, order));
        expect(Uint32Array.from(found, (position) => order[position]!).sort()).toEqual(findLabelIssues(rows));
      }),
    );
  });

  it('finds ascending rows in which another class is at least as probable as the given one', () => {
    fc.assert(
      fc.property(tables, (rows) => {
        const found = findLabelIssues(rows);
        expect(found).toEqual(Uint32Array.from(new Set(found)).sort());
        for (const row of found) {
          const own = [...rows.probabilities.subarray(row * rows.classCount, (row + 1) * rows.classCount)];
          expect(Math.max(...own)).toBeGreaterThan(own[rows.labels[row]!]!);
        }
      }),
    );
  });

  it('leaves at least one image of every class', () => {
    fc.assert(
      fc.property(tables, (rows) => {
        const found = new Set(findLabelIssues(rows));
        for (const label of new Set(rows.labels))
          expect(rows.labels.some((one, row) => one === label && !found.has(row))).toBe(true);
      }),
    );
  });

  it('finds none if a perfectly confident classifier agrees with every label', () => {
    fc.assert(
      fc.property(tables, ({ labels, classCount }) => {
        expect(findLabelIssues({ probabilities: oneHot(labels, classCount), labels, classCount })).toHaveLength(0);
      }),
    );
  });

  it('finds the one label that a perfectly confident classifier contradicts', () => {
    const cases = fc
      .integer({ min: 2, max: 5 })
      .chain((classCount) =>
        fc.record({ classCount: fc.constant(classCount), each: fc.integer({ min: 3, max: 20 }), wrong: fc.nat(59) }),
      );
    fc.assert(
      fc.property(cases, ({ classCount, each, wrong }) => {
        const right = Array.from({ length: classCount * each }, (_, row) => row % classCount);
        const row = wrong % right.length;
        const labels = right.with(row, (right[row]! + 1) % classCount);
        expect([...findLabelIssues({ probabilities: oneHot(right, classCount), labels, classCount })]).toEqual([row]);
      }),
    );
  });

  it('ignores a class that no image has, whatever its probability', () => {
    const labels = [0, 0, 0, 1, 1, 1];
    const probabilities = Float32Array.from(labels.flatMap((label) => [0.3 - 0.1 * label, 0.2 + 0.1 * label, 0.5]));
    expect(findLabelIssues({ probabilities, labels, classCount: 3 })).toHaveLength(0);
  });

  it('counts a probability that is below the mean of its class by less than the tolerance as confident', () => {
    // The mean of the first class is 0.8; two images of the second class have hardly less.
    const rows = (below: number) => {
      const first = [0.8, 0.8, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1, 0.8 - below, 0.8 - below];
      const probabilities = Float32Array.from(first.flatMap((p) => [p, 1 - p]));
      return { probabilities, labels: [0, 0, 0, 0, 1, 1, 1, 1, 1, 1], classCount: 2 };
    };
    expect([...findLabelIssues(rows(5e-7))]).toEqual([8, 9]);
    expect([...findLabelIssues(rows(2e-6))]).toEqual([]);
  });

  it('finds none among no images, and none of a class with one image', () => {
    expect(findLabelIssues({ probabilities: new Float32Array(), labels: [], classCount: 3 })).toHaveLength(0);
    const probabilities = Float32Array.from([0.9, 0.1, 0.8, 0.2, 0.99, 0.01]);
    expect(findLabelIssues({ probabilities, labels: [0, 0, 1], classCount: 2 })).toHaveLength(0);
  });

  test.each<[string, Partial<LabeledProbabilities>, RegExp]>([
    [
      'NaN',
      { probabilities: Float32Array.of(Number.NaN, 1, 0, 1) },
      /finite probabilities, received NaN for class 0 of row 0/,
    ],
    [
      'infinity',
      { probabilities: Float32Array.of(0, 1, 0, Number.POSITIVE_INFINITY) },
      /received Infinity for class 1 of row 1/,
    ],
    [
      'a negative probability',
      { probabilities: Float32Array.of(-0.5, 1, 0, 1) },
      /from 0 to 1, received -0.5 for class 0 of row 0/,
    ],
    [
      'a probability above 1',
      { probabilities: Float32Array.of(0, 1, 0, 1.5) },
      /from 0 to 1, received 1.5 for class 1 of row 1/,
    ],
    ['a label out of range', { labels: [0, 2] }, /labels from 0 to 1, received 2 in row 1/],
    ['a missing row', { labels: [0] }, /expected 1 × 2 probabilities, received 4/],
    ['a single class', { classCount: 1, labels: [0, 0, 0, 0] }, /at least two classes, received 1/],
  ])('refuses %s', (_, changes, message) => {
    const rows = { probabilities: Float32Array.of(0, 1, 0, 1), labels: [0, 1], classCount: 2, ...changes };
    expect(() => findLabelIssues(rows)).toThrow(message);
  });
});

describe('findLabelIssuesWithPauses', () => {
  it('finds the same, and passes on the errors of a pause', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (rows) => {
        expect(await findLabelIssuesWithPauses(rows, async () => {})).toEqual(findLabelIssues(rows));
      }),
    );
    const rows = { probabilities: Float32Array.of(0, 1, 0, 1), labels: [0, 1], classCount: 2 };
    const stopped = findLabelIssuesWithPauses(rows, () => Promise.reject(new Error('stopped')));
    await expect(stopped).rejects.toThrow('stopped');
  });
});
