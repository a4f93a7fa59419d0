import { type ImageSplit, trainingImages } from '@chorus/data';
import type { ImageCounts } from '../report/schema.ts';

/** Counts the images of each fold of a split, for the report. */
export function countImages(split: ImageSplit): ImageCounts {
  return {
    training: trainingImages(split).length,
    test: split.test.length,
    folds: split.folds.map(({ fold, fit, tune, outOfFold }) => ({
      fold,
      fit: fit.length,
      tune: tune.length,
      outOfFold: outOfFold.length,
    })),
  };
}
