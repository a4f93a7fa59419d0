import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type PresetName, presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { estimateSeconds } from './estimate-time.ts';
import { expectedPlan } from './expected-plan.ts';
import { photographs as images, twoCores as machine } from './two-cores.fixture.ts';

const estimate = (preset: PresetName, changes: Partial<ExperimentInput> = {}, on = machine, of = images) =>
  estimateSeconds(expectedPlan(resolveExperiment(presets[preset].experiment, changes), {}, of), on);

describe('takes longer for', () => {
  const tuned = { recipe: { fineTune: { lastLayers: 30 } }, stacking: { kind: 'holdout', fraction: 0.1 } } as const;
  const [, most] = estimate('mobile', tuned);
  test.each<[string, [number, number]]>([
    ['larger images', estimate('mobile', { ...tuned, inputSize: 320 })],
    ['more images', estimate('mobile', tuned, machine, { trainingCount: 4000, testCount: 2000 })],
    ['all layers', estimate('mobile', { ...tuned, recipe: { fineTune: { lastLayers: 'all' } } })],
    ['five folds', estimate('mobile', { ...tuned, stacking: { kind: 'kfold', folds: 5 } })],
    [
      'cached copies',
      estimate('mobile', { ...tuned, recipe: { ...tuned.recipe, augmentation: 'light', cachedCopies: 4 } }),
    ],
    ['a machine with half the speed', estimate('mobile', tuned, { ...machine, costPerSecond: 1.5e6 })],
  ])('%s', (_, [, longer]) => expect(longer).toBeGreaterThan(1.2 * most));
});

it('is shorter with frozen backbones', () => {
  expect(estimate('mobile')[0]).toBeLessThan(0.7 * estimate('mobile', { recipe: { fineTune: { lastLayers: 30 } } })[0]);
});

it('includes the student, which trains after the members', () => {
  const stacking = { kind: 'kfold', folds: 2 } as const;
  const student = { backbone: 'mobilenet-v2' } as const;
  const [least, most] = estimate('mobile', { stacking });
  const [leastWith, mostWith] = estimate('mobile', { stacking, student });
  expect(leastWith).toBeGreaterThan(1.1 * least);
  expect(mostWith).toBeGreaterThan(1.1 * most);
});

it('ranges from early stopping to the last epoch', () => {
  const recipe = { whole: { epochCount: 100, patience: 1 } };
  const [least, most] = estimate('demo', { recipe });
  expect(most / least).toBeGreaterThan(20);
});

it('is a range of positive, finite seconds for any data set', () => {
  const names = Object.keys(presets) as PresetName[];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat(1e6),
      fc.nat(1e6),
      fc.integer({ min: 1, max: 16 }),
      (name, a, b, n) => {
        const [least, most] = estimate(name, {}, { ...machine, laneCount: n }, { trainingCount: a, testCount: b });
        expect(least).toBeGreaterThan(0);
        expect(most).toBeGreaterThanOrEqual(least);
        expect(most).toBeLessThan(Number.POSITIVE_INFINITY);
      },
    ),
  );
});
