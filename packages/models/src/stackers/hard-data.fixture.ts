/** Logits that are hard to fit, for tests. */
import fc from 'fast-check';

/** Logits of members, and labels. */
export interface HardData {
  classCount: number;
  labels: number[];
  logits: Float32Array[];
}

/**
 * Separable and degenerate data: members that are always right, wrong or constant, whose logits are drawn, or differ in scale by
 * orders of magnitude.
 */
export const hardData: fc.Arbitrary<HardData> = fc
  .record({
    classCount: fc.integer({ min: 2, max: 5 }),
    rowCount: fc.integer({ min: 1, max: 30 }),
    members: fc.array(
      fc.record({
        kind: fc.constantFrom('right', 'wrong', 'constant', 'drawn', 'mixed'),
        exponent: fc.integer({ min: -2, max: 6 }),
        seed: fc.nat(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    isOneClass: fc.boolean(),
  })
  .map(({ classCount, rowCount, members, isOneClass }) => {
    const labels = Array.from({ length: rowCount }, (_, row) => (isOneClass ? 0 : row % classCount));
    const outputs = classCount === 2 ? 1 : classCount;
    const logits = members.map(({ kind, exponent, seed }) =>
      Float32Array.from({ length: rowCount * outputs }, (_, index) => {
        const label = labels[Math.floor(index / outputs)]!;
        const sign = (classCount === 2 ? label === 1 : label === index % outputs) ? 1 : -1;
        const noise = Math.sin(seed + 7919 * index);
        const base = { right: sign, wrong: -sign, constant: 1, drawn: noise, mixed: sign + 2 * noise }[kind];
        return 10 ** exponent * base;
      }),
    );
    return { classCount, labels, logits };
  });
