import { backboneMeasurements } from '@chorus/models';
import { expect, it } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { type SummaryValue, summaryEvent } from './event.ts';
import { logBytes } from './log-bytes.ts';
import { recordOf } from './record.ts';

const bytesOf = (recipe: ExperimentInput['recipe'], { classCount = 2, trainingCount = 320 } = {}) => {
  const members = ['one', 'two'].map((name) => ({ name, backbone: 'mobilenet', alpha: 0.25 }) as const);
  const experiment = resolveExperiment({ members, weights: 'random', data: { source: 'shapes' }, recipe });
  return logBytes(expectedPlan(experiment, {}, { trainingCount, testCount: 40 }), classCount);
};
const whole = (epochCount: number, batchSize = 32) => ({ batchSize, whole: { epochCount } });

const bytesOfEvent = (step: number, values: readonly SummaryValue[]) =>
  recordOf(summaryEvent({ atMs: Date.now(), step }, values)).length;

it('counts a little more than an epoch of each training takes: steps, scalars, and a histogram of each weight', () => {
  const perStep = bytesOfEvent(1e6, [
    { tag: 'steps/loss', scalar: 1.5 },
    { tag: 'steps/learning-rate', scalar: 1e-3 },
  ]);
  const histogram = { minimum: -1, maximum: 1, sum: 0.5, squareSum: 2, counts: Array.from({ length: 30 }, () => 1e5) };
  const { layerCount } = backboneMeasurements.mobilenet;
  const perEpoch = bytesOfEvent(1000, [
    ...['loss/fit', 'loss/tune', 'accuracy/tune', 'learning-rate'].map((tag) => ({ tag, scalar: 0.5 })),
    ...Array.from({ length: layerCount + 2 }, (_, index) => ({
      ...{ tag: `weights/a_layer_with_a_long_name_${index}/depthwise_kernel`, histogram },
    })),
  ]);
  // 500 classes: no picture of the confusion matrix.
  const more = bytesOf(whole(11), { classCount: 500 }) - bytesOf(whole(10), { classCount: 500 });
  const actual = 2 * (10 * perStep + perEpoch);
  expect(more).toBeGreaterThanOrEqual(actual);
  expect(more).toBeLessThan(1.2 * actual);
});

it('counts steps, and the pictures of confusion matrices of up to 100 classes', () => {
  // 20 batches more in each of 10 epochs of two trainings.
  const steps = bytesOf(whole(10), { trainingCount: 960 }) - bytesOf(whole(10));
  expect(steps).toBe(2 * 10 * 20 * 100);
  const pictures = bytesOf(whole(10), { classCount: 100 }) - bytesOf(whole(10), { classCount: 101 });
  expect(pictures).toBe((2 * 10 + 1) * 100_000);
});
