import { expect, it } from 'vitest';
import { summarise } from './statistics.ts';

it.each([
  [[3], { median: 3, smallest: 3, largest: 3 }],
  [[10, 9, 100], { median: 10, smallest: 9, largest: 100 }],
  [[4, 1, 3, 2], { median: 2.5, smallest: 1, largest: 4 }],
])('median, minimum and maximum of %j', (samples, summary) => {
  expect(summarise(samples)).toEqual(summary);
});
