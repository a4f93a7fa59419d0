import { expect, it, test } from 'vitest';
import { gradualBlocks, unfreezeMistake } from './unfreeze.ts';

test.each([
  [18, 8, [1, 2, 4, 8]],
  [18, 100, [1, 2, 4, 8, 16]],
  [16, 100, [1, 2, 4, 8]],
  [18, 3, [1]],
  [18, 1, []],
])('of %d blocks and %d epochs, %j blocks train for an epoch each', (blockCount, epochCount, expected) => {
  expect(gradualBlocks(blockCount, epochCount)).toEqual(expected);
});

it('needs all layers', () => {
  expect(unfreezeMistake({ lastLayers: 'all', unfreeze: 'gradual' })).toBeUndefined();
  expect(unfreezeMistake({ lastLayers: 0, unfreeze: 'at-once' })).toBeUndefined();
  expect(unfreezeMistake({ lastLayers: 30, unfreeze: 'gradual' })).toBe(
    'expected "at-once", because recipe.fineTune.lastLayers is 30 instead of "all"',
  );
});
