import type { ImageSplit } from '@chorus/data';
import { factsOf } from '../plan/dataset-facts.ts';
import type { ImageCounts } from '../report/schema.ts';

/** Counts the images of each fold of a split, for the report. */
export function countImages(split: ImageSplit): ImageCounts {
  const { trainingCount: training, testCount: test, folds } = factsOf(split);
  return { training, test, folds };
}
