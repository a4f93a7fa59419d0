import { expect, it } from 'vitest';
import { type Augmentation, augmentedBatches, viewsPerImage } from './augmentation.ts';
import { learningRateAt } from './learning-rate.ts';

const fit = Uint32Array.from({ length: 40 }, (_, index) => index);
const epoch = (augmentation: Augmentation, epochIndex: number, wholeBatchesOnly = false) => [
  ...augmentedBatches(fit, { augmentation, batchSize: 16, wholeBatchesOnly }, { seed: 1, epochIndex }),
];

it.each([
  [{ kind: 'none' as const }, [0], 1],
  [{ kind: 'flip' as const }, [0, 1], 2],
])('%j gives each image once an epoch, as one of its views', (augmentation, flips, views) => {
  const batches = epoch(augmentation, 0);
  expect(batches.flatMap(({ indices }) => [...indices]).toSorted((a, b) => a - b)).toEqual([...fit]);
  expect([...new Set(batches.flatMap((batch) => [...batch.flips]))].toSorted()).toEqual(flips);
  expect(viewsPerImage(augmentation)).toBe(views);
});

it('follows from the seed and the epoch alone', () => {
  expect(epoch({ kind: 'flip' }, 3)).toEqual(epoch({ kind: 'flip' }, 3));
  expect(epoch({ kind: 'flip' }, 3)).not.toEqual(epoch({ kind: 'flip' }, 4));
});

it('leaves out the images that do not fill a last batch, if told to', () => {
  expect(epoch({ kind: 'none' }, 0, true).map(({ indices }) => indices.length)).toEqual([16, 16]);
  expect(epoch({ kind: 'none' }, 0).map(({ indices }) => indices.length)).toEqual([16, 16, 8]);
});

it('a constant learning rate is the same in every step', () => {
  const rates = [0, 5].map((stepIndex) =>
    learningRateAt({ kind: 'constant', value: 0.25 }, { epochIndex: 2, stepIndex, epochCount: 3, stepCount: 6 }),
  );
  expect(rates).toEqual([0.25, 0.25]);
});
