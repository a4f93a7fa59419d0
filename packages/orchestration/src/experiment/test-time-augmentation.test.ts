import { expect, it } from 'vitest';
import { plannedViewsOf, testTimeAugmentationChoiceSchema, viewKindOf } from './test-time-augmentation.ts';

it.each([
  [undefined, true, 'mirror'],
  [true, true, 'mirror'],
  ['mirror', true, 'mirror'],
  [false, false, 'none'],
  ['none', false, 'none'],
  ['zoom', 'zoom', 'zoom'],
  ['scales', 'scales', 'scales'],
  ['five-crops', 'five-crops', 'five-crops'],
] as const)('%j is planned as %j, as earlier versions did, and is called %s', (choice, planned, name) => {
  const testTimeAugmentation = testTimeAugmentationChoiceSchema.parse(choice);
  expect(plannedViewsOf({ testTimeAugmentation })).toBe(planned);
  expect(viewKindOf(planned)).toBe(name);
});

it.each(['crops', 2, null])('%j is refused', (choice) => {
  expect(testTimeAugmentationChoiceSchema.safeParse(choice).success).toBe(false);
});
