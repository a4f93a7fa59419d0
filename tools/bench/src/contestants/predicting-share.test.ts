import { expect, it } from 'vitest';
import { PredictingShare } from './predicting-share.ts';

it('weights time by the fraction of busy lanes that are predicting', () => {
  let nowMs = 0;
  const share = new PredictingShare(() => nowMs);
  const at = (ms: number, task: string, stage: string) => {
    nowMs = ms;
    share.onStage(task, stage);
  };
  at(1000, 'a', 'whole');
  at(2000, 'b', 'whole');
  at(3000, 'a', 'predict');
  expect(share.ms).toBe(0);
  // Half of two seconds, then both of one, then b alone for three.
  at(5000, 'b', 'predict');
  expect(share.ms).toBe(1000);
  at(6000, 'a', 'done');
  at(9000, 'b', 'done');
  expect(share.ms).toBe(5000);
  // No event marks the start of predictions on test images.
  at(12_000, 'a', 'done');
  expect(share.ms).toBe(5000);
});
