import tf from '@chorus/tfjs';
import { describe, expect, it } from 'vitest';
import type { Symbolic } from '../backbones/layer-calls.ts';
import { type Calibration, calibrate } from '../calibration/calibration.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { stackerFromJson } from '../stackers/stacker.ts';
import type { StackerJson } from '../stackers/table.ts';
import { stackerLayers } from './stacker-layers.ts';

useNativeBackend();

const calibrations: Calibration[] = [
  { kind: 'temperature', temperature: 0.4 },
  { kind: 'temperature', temperature: 5 },
  { kind: 'vector', scales: [0.5, 2, 1], biases: [1, 0, -3] },
];
// Agreeing and contradicting members, from even to certain: many probabilities are below the smallest one that counts.
const rows = [
  [0, 0, 0, 0, 0, 0],
  [1, -2, 0.5, -1, 3, 0],
  [15, 0, 0, 0, 15, 0],
  [80, 0, 0, 0, 0, 80],
  [-80, 0, 80, -80, 0, 80],
  [30, 12, 0, 30, 10, 0],
];
const logits = [0, 3].map((first) => Float32Array.from(rows.flatMap((row) => row.slice(first, first + 3))));

const size = { memberCount: 2, classCount: 3 };
const stackers: StackerJson[] = [
  { kind: 'mean', ...size },
  { kind: 'weighted', ...size, weights: [0.25, 0.75] },
  { kind: 'greedy', ...size, weights: [0, 1] },
  { kind: 'logistic', ...size, coefficients: [0.5, 0.7, 0.1, 0.4, 0.6, 0, 0.8, 0.3, -0.1] },
];

describe.each(stackers)('$kind', (stacker) => {
  it.each(calibrations)('computes the calibrated probabilities: %o', (calibration) => {
    const inputs = ['a', 'b'].map((name) => tf.input({ shape: [3], name }) as Symbolic);
    const members = inputs.map((value, index) => ({ name: `member-${index}`, logits: value }));
    const model = tf.model({ inputs, outputs: stackerLayers({ stacker, calibration }, members) });
    const found = tf.tidy(() =>
      (model.predict(logits.map((one) => tf.tensor(one, [rows.length, 3]))) as tf.Tensor).dataSync(),
    );
    model.dispose();
    const wanted = calibrate(stackerFromJson(stacker).predict(logits), calibration, 3);
    expect(largestDifference(found, wanted)).toBeLessThan(1e-5);
  });
});
