import { balancedRowWeights, calibrate } from '@chorus/models';
import { StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { Slices } from '../run/slices.ts';
import { chooseCalibration } from './choose-calibration.ts';
import type { LabeledOutputs } from './paired-losses.ts';

/** Numbers that look random, in 0..1. */
const drawn = (index: number, salt: number) => {
  const one = Math.sin(index * 12.9898 + salt * 78.233) * 43758.5453;
  return one - Math.floor(one);
};

/** Images whose classes are drawn from the probabilities: a calibrated classifier. */
function calibrated(count: number, classCount: number): LabeledOutputs {
  const labels = new Int32Array(count);
  const probabilities = new Float32Array(count * classCount);
  for (let row = 0; row < count; row += 1) {
    const weights = Array.from({ length: classCount }, (_, label) => drawn(row * classCount + label, 1) ** 3 + 1e-3);
    const sum = weights.reduce((total, one) => total + one, 0);
    probabilities.set(
      weights.map((weight) => weight / sum),
      row * classCount,
    );
    let rest = drawn(row, 2) * sum;
    let label = 0;
    for (; label < classCount - 1 && rest > weights[label]!; label += 1) rest -= weights[label]!;
    labels[row] = label;
  }
  return { probabilities, labels };
}

const options = (setting: 'auto' | 'none' | 'temperature' | 'vector', classCount: number) => ({
  ...{ setting, classCount, seed: 1, slices: new Slices() },
});

const overConfident = (outputs: LabeledOutputs, classCount: number) => ({
  ...outputs,
  probabilities: calibrate(outputs.probabilities, { kind: 'temperature', temperature: 0.4 }, classCount),
});

const prefersOneClass = (outputs: LabeledOutputs) => ({
  ...outputs,
  probabilities: calibrate(outputs.probabilities, { kind: 'vector', scales: [1, 1, 1], biases: [1.5, 0, 0] }, 3),
});

describe('auto', () => {
  it('applies nothing to a calibrated classifier, whose probabilities stay as they are', async () => {
    const outputs = calibrated(600, 3);
    const { applied, reason, outOfFold, logLoss } = await chooseCalibration(outputs, options('auto', 3));
    expect(applied).toBeNull();
    expect(reason).toMatch(
      /^no calibration lowers the cross-validated log loss, 0\.\d{4}, by more than a standard error$/,
    );
    expect(outOfFold).toBe(outputs.probabilities);
    expect(logLoss.temperature - logLoss.none).toBeGreaterThan(-0.005);
  });

  it('applies a temperature to an over-confident one', async () => {
    const outputs = overConfident(calibrated(600, 3), 3);
    const { applied, reason, fitted, logLoss, outOfFold } = await chooseCalibration(outputs, options('auto', 3));
    expect(applied).toEqual(fitted.temperature);
    expect(fitted.temperature.temperature).toBeGreaterThan(1.8);
    expect(reason).toMatch(/^temperature scaling lowers the cross-validated log loss from \d\.\d{4} to \d\.\d{4}, by /);
    expect(logLoss.temperature).toBeLessThan(logLoss.none);
    // Each image is calibrated by a fit on others: nearly, but not exactly the final calibration.
    const byAll = calibrate(outputs.probabilities, applied, 3);
    const differences = outOfFold.map((one, index) => Math.abs(one - byAll[index]!));
    expect(Math.max(...differences)).toBeLessThan(0.05);
    expect(Math.max(...differences)).toBeGreaterThan(1e-5);
  });

  it('applies scales and biases where one class is preferred', async () => {
    const outputs = prefersOneClass(calibrated(600, 3));
    const { applied, fitted, logLoss, reason } = await chooseCalibration(outputs, options('auto', 3));
    expect(applied).toEqual(fitted.vector);
    expect(reason).toContain('vector scaling lowers the cross-validated log loss');
    expect(logLoss.vector).toBeLessThan(logLoss.temperature);
  });

  it('fits no scales and biases on fewer than 20 images of a class', async () => {
    const { fitted, logLoss } = await chooseCalibration(prefersOneClass(calibrated(50, 3)), options('auto', 3));
    expect(fitted.vector).toBeUndefined();
    expect(logLoss.vector).toBeNull();
  });

  it.each([0, 1, 2, 3])('applies nothing with %d images', async (count) => {
    const { applied } = await chooseCalibration(overConfident(calibrated(count, 2), 2), options('auto', 2));
    expect(applied).toBeNull();
  });

  it('applies nothing with fewer than 5 errors: any classifier without errors would become more confident', async () => {
    const labels = Int32Array.from({ length: 200 }, (_, row) => row % 2);
    const right = Float32Array.from(Array.from(labels, (label) => (label === 0 ? [0.9, 0.1] : [0.1, 0.9])).flat());
    const withErrors = (count: number) => {
      const probabilities = right.slice();
      for (let row = 0; row < count; row += 1)
        probabilities.set([0.1 + 0.8 * labels[row]!, 0.9 - 0.8 * labels[row]!], 2 * row);
      return { probabilities, labels };
    };
    const { applied, reason } = await chooseCalibration(withErrors(4), options('auto', 2));
    expect(applied).toBeNull();
    expect(reason).toBe('4 of 200 out-of-fold images are classified wrongly: too few to calibrate by');
    expect((await chooseCalibration(withErrors(5), options('auto', 2))).applied).not.toBeNull();
  });
});

it.each(['none', 'temperature', 'vector'] as const)('the setting %s is applied, whatever pays', async (setting) => {
  const outputs = calibrated(30, 2);
  const { applied, reason, outOfFold } = await chooseCalibration(outputs, options(setting, 2));
  expect(applied?.kind ?? 'none').toBe(setting);
  expect(reason).toBe('set by the experiment');
  expect(outOfFold === outputs.probabilities).toBe(setting === 'none');
});

it('gives the same result for the same seed, and other folds for another seed', async () => {
  const outputs = overConfident(calibrated(100, 2), 2);
  const first = await chooseCalibration(outputs, options('auto', 2));
  expect(await chooseCalibration(outputs, options('auto', 2))).toEqual(first);
  const other = await chooseCalibration(outputs, { ...options('auto', 2), seed: 2 });
  expect(other.applied).toEqual(first.applied);
  expect(other.logLoss.temperature).not.toBe(first.logLoss.temperature);
});

it('stops once a stop is requested', async () => {
  const stop = new StopFlag();
  stop.raise();
  const choice = chooseCalibration(calibrated(50, 2), { ...options('auto', 2), slices: new Slices(stop) });
  await expect(choice).rejects.toThrow(StoppedError);
});

it('with weights, keeps the balance of classes that the images do not have', async () => {
  // The classifier is calibrated for equally frequent classes; of the images, nine in ten are of the first one.
  const outputs = calibrated(3000, 2);
  const kept = Array.from(outputs.labels.keys()).filter((row) => outputs.labels[row] === 0 || row % 9 === 0);
  const labels = Int32Array.from(kept, (row) => outputs.labels[row]!);
  const probabilities = Float32Array.from(
    kept.flatMap((row) => [...outputs.probabilities.subarray(2 * row, 2 * row + 2)]),
  );
  const biasOf = async (weights?: Float64Array) => {
    const { fitted } = await chooseCalibration({ probabilities, labels, weights }, options('vector', 2));
    const [first, second] = fitted.vector!.biases;
    return first! - second!;
  };
  expect(await biasOf()).toBeGreaterThan(1);
  expect(Math.abs(await biasOf(balancedRowWeights(labels)))).toBeLessThan(0.3);
});
