import { type ImageSplit, trainingImages } from '@chorus/data';
import type { ImageCounts } from '../report/schema.ts';

/** How many images of a split each fold has, for the report. */
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
