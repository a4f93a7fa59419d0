import { describe, expect, it } from 'vitest';
import { type Calibration, calibrate } from '../calibration/calibration.ts';
import { livelyFeaturesStacker } from '../stackers/features.fixture.ts';
import { fitStacker, type Stacker } from '../stackers/stacker.ts';
import { type StackerKind, stackerKinds } from '../stackers/table.ts';
import { ensembleDerivatives } from './ensemble-derivatives.ts';

const rowCount = 12;
const memberCount = 3;
const featureWidth = 5;
const step = 0.002;
/** Rounding of float32 probabilities, divided by the step. */
const tolerance = 3e-3;

/** Numbers from −1 to 1 without a pattern. */
function waves(length: number, phase: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin(1.7 * index * index + phase));
}

function predictionsFor(classCount: number) {
  const outputs = classCount === 2 ? 1 : classCount;
  return {
    logits: Array.from({ length: memberCount }, (_, member) => waves(rowCount * outputs, member)),
    features: new Map(
      [0, 2].map((member) => [member, waves(rowCount * featureWidth, 10 + member).map((one) => one / 5)]),
    ),
  };
}

type Predictions = ReturnType<typeof predictionsFor>;

function fit(kind: StackerKind, { logits, features }: Predictions, classCount: number): Stacker {
  if (kind === 'features') return livelyFeaturesStacker(features, { rowCount, memberCount, classCount });
  const labels = Array.from({ length: rowCount }, (_, row) => row % classCount);
  return fitStacker(kind, logits, labels, {
    classCount,
    seed: 1,
    options: { dense: { epochCount: 30, patience: null, wholeBatchesOnly: false } },
  });
}

/** Per row. */
function logOdds(
  stacker: Stacker,
  calibration: Calibration | null,
  { logits, features }: Predictions,
  classCount: number,
  labels: readonly number[],
): number[] {
  const probabilities = calibrate(stacker.predict(logits, features), calibration, classCount);
  return labels.map((label, row) => {
    const probability = probabilities[row * classCount + label]!;
    return Math.log(probability / (1 - probability));
  });
}

describe.each([2, 4])('with %i classes', (classCount) => {
  const labels = Array.from({ length: rowCount }, (_, row) => (3 * row + 1) % classCount);
  const calibrations: (Calibration | null)[] = [
    null,
    { kind: 'temperature', temperature: 1.6 },
    {
      kind: 'vector',
      scales: [0.7, 1.5, 1, 0.9].slice(0, classCount),
      biases: [0.3, 0, -0.2, 0.1].slice(0, classCount),
    },
  ];
  it.each(
    stackerKinds.flatMap((kind) =>
      calibrations.map((calibration) => ({ kind, calibration, name: calibration?.kind ?? 'none' })),
    ),
  )('agrees with differences of predictions by $kind, calibration $name', ({ kind, calibration }) => {
    const predictions = predictionsFor(classCount);
    const stacker = fit(kind, predictions, classCount);
    const found = ensembleDerivatives({ stacker: stacker.toJSON(), calibration }, predictions, labels);
    const inputs: [Float32Array, Float32Array | undefined][] = [
      ...predictions.logits.map((one, member): [Float32Array, Float32Array] => [one, found.logits[member]!]),
      ...[...predictions.features].map(([member, one]): [Float32Array, Float32Array | undefined] => [
        one,
        found.features.get(member),
      ]),
    ];
    const here = logOdds(stacker, calibration, predictions, classCount, labels);
    let largest = 0;
    for (const [input, derivative] of inputs) {
      const width = input.length / rowCount;
      for (let column = 0; column < width; column += 1) {
        const [after, before] = [step, -step].map((change) => {
          const unchanged = input.slice();
          for (let row = 0; row < rowCount; row += 1) input[row * width + column]! += change;
          const result = logOdds(stacker, calibration, predictions, classCount, labels);
          input.set(unchanged);
          return result;
        }) as [number[], number[]];
        for (let row = 0; row < rowCount; row += 1) {
          // They differ where a ReLU has its kink between the two.
          const slopes = [(after[row]! - here[row]!) / step, (here[row]! - before[row]!) / step];
          // Features are not differentiated if the stacker reads logits.
          const own = derivative === undefined ? 0 : derivative[row * width + column]!;
          expect(own).toBeGreaterThan(Math.min(...slopes) - tolerance);
          expect(own).toBeLessThan(Math.max(...slopes) + tolerance);
          largest = Math.max(largest, Math.abs(own));
        }
      }
    }
    // Zeros would agree in any case.
    expect(largest).toBeGreaterThan(0.05);
  });

  it('depends on the members even if the probability is 1', () => {
    const { features } = predictionsFor(classCount);
    const outputs = classCount === 2 ? 1 : classCount;
    const logits = [0, 1].map(() =>
      Float32Array.from({ length: rowCount * outputs }, (_, index) => (index % outputs === outputs - 1 ? 200 : 0)),
    );
    const stacker = fitStacker('mean', logits, labels, { classCount, seed: 1 });
    const certain = labels.map(() => classCount - 1);
    expect(stacker.predict(logits)[classCount - 1]).toBe(1);
    const found = ensembleDerivatives({ stacker: stacker.toJSON(), calibration: null }, { logits, features }, certain);
    for (const one of found.logits) {
      expect(one.every(Number.isFinite)).toBe(true);
      expect(one[outputs - 1]).toBeCloseTo(0.5, 5);
    }
  });
});
