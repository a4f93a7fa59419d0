/** Compares every backbone with the results of Keras in `backbones/`, written and explained by backbones.py. */
import { join } from 'node:path';
import { variantOf } from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { cases } from './cases.ts';
import { checkFeatures, checkParameters, checkTraining } from './checks.ts';
import type { Finding } from './finding.ts';
import { readReference } from './reference.ts';
import { ways } from './way.ts';

const folder = join(import.meta.dirname, '../backbones');

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
});

/** Checks all findings at once, so that a failure reports all of them. */
function expectWithin(findings: readonly Finding[]): void {
  expect(findings).not.toHaveLength(0);
  expect(findings.filter(({ worst, limit }) => !(worst <= limit))).toEqual([]);
}

describe.each(cases)('$name', (golden) => {
  const reference = readReference(folder, golden);

  it("has Keras' parameters, constants and preprocessing", () => {
    expectWithin(checkParameters(golden, reference));
  });

  if (golden.numbers === undefined) return;

  const { sizes } = golden.numbers;
  const ranges = [
    ['with all layers', 'all'],
    ['with frozen first layers', 'suffix'],
  ] as const;
  // Both modes run the same kernels: compiled, each width is compared in all passes; op by op, one of each family in each kind of pass.
  const isFirstOfFamily = golden === cases.find(({ family, numbers }) => family === golden.family && numbers);
  describe.each(ways.filter((way) => way === 'compiled' || isFirstOfFamily))('%s', (way) => {
    const isCompiled = way === 'compiled';
    it.each(isCompiled ? sizes : sizes.slice(0, 1))('has its features at %d px', (inputSize) => {
      // Features that hardly differ between images would agree in any case.
      expect(reference.spread[inputSize]).toBeGreaterThan(0.02);
      expectWithin(checkFeatures(golden, inputSize, reference, way));
    });

    // Op by op, the largest ones take 10 s each; compiled-training.test.ts of packages/models compares these with the compiled ones.
    const isLarge = variantOf(golden).parameterCount > 20e6;
    it.each(isCompiled ? ranges : ranges.slice(0, isLarge ? 0 : 1))(
      'has its gradients and three steps of training %s',
      (_, range) => {
        expectWithin(checkTraining(golden, range, reference, way));
      },
    );
  });
});
