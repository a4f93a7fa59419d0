import { expect, it } from 'vitest';
import golden from '../../../../tools/golden/augmentation.json' with { type: 'json' };
import { epochPolicyDraws } from './draws.ts';
import { drawOperations, magnitudeOf, noOperation, operation, operationNames, type Policy } from './policy.ts';

it.each(['trivial', 'rand'] as const)('has the operations and strengths of torchvision: %s', (kind) => {
  const expected: Record<string, number[]> = golden.magnitudes[kind];
  expect(Object.keys(expected)).toEqual(operationNames);
  for (const name of operationNames)
    for (const [bin, magnitude] of expected[name]!.entries())
      expect(magnitudeOf(name, kind, bin, 224).magnitude).toBeCloseTo(magnitude, 4);
});

it('draws each operation about equally often, in both directions', () => {
  const draws = epochPolicyDraws(1, 0);
  const rand: Policy = { kind: 'rand', operations: 1, magnitude: 30 };
  const all = Array.from({ length: 2600 }, (_, index) => JSON.stringify(drawOperations(rand, draws(index, 3), 64)));
  for (const name of operationNames) {
    const { magnitude, isSigned } = magnitudeOf(name, 'rand', 30, 64);
    for (const one of isSigned ? [magnitude, -magnitude] : [magnitude]) {
      const expected = isSigned ? 100 : 200;
      const found = all.filter((text) => text === JSON.stringify(operation(name, one, 64))).length;
      // Five standard deviations.
      expect(Math.abs(found - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  }
});

it('applies several operations', () => {
  const policy: Policy = { kind: 'rand', operations: 2, magnitude: 15 };
  const at = (name: (typeof operationNames)[number]) => (operationNames.indexOf(name) + 0.5) / operationNames.length;
  // A draw of 0.9 is a positive sign.
  const found = drawOperations(policy, [at('Brightness'), 0, 0.9, at('TranslateX'), 0, 0.9], 331);
  expect(found).toEqual({ ...noOperation, brightness: 1.45, transform: [1, 0, -75, 0, 1, 0] });
});

it('with TrivialAugment, draws all strengths', () => {
  const draws = epochPolicyDraws(1, 0);
  const steps = Array.from(
    { length: 3000 },
    (_, index) => drawOperations({ kind: 'trivial' }, draws(index, 3), 64).levelStep,
  );
  expect([...new Set(steps)].toSorted((a, b) => a - b)).toEqual([1, 2, 4, 8, 16, 32, 64]);
});
