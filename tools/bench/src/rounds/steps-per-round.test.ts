import { expect, it } from 'vitest';
import { stepsPerRound } from './steps-per-round.ts';

it.each([
  [[0.4, 0.9], 3],
  [[1, 2], 1],
  [[7], 1],
  [[null, null], 1],
])('for steps of %j s and rounds of a second', (seconds, steps) => {
  const prepared = seconds.map((stepSeconds) => ({ stepSeconds }));
  expect(stepsPerRound(prepared, 1)).toBe(steps);
});
