/** What a lane reports of an epoch in addition to its metrics: counts and pixels, never tensors. */
import type { Classifier, FineTuneView } from '@chorus/models';
import { previewAugmentation } from './augment/preview.ts';
import { flips } from './augmentation.ts';
import type { StagePlan } from './plan.ts';
import type { AugmentedImages, TrainTask } from './protocol.ts';
import { type WeightHistogram, weightHistogram } from './weight-histogram.ts';

/** Histograms of the weights that a view trains, in the order of the layers. */
export function trainedWeights({ weights }: Classifier, { variables }: FineTuneView): WeightHistogram[] {
  const trained = new Set(variables);
  return weights.flatMap(({ layerName, weightName, variable }) => {
    if (!trained.has(variable)) return [];
    return weightHistogram(`${layerName}/${weightName}`, variable.dataSync() as Float32Array) ?? [];
  });
}

/**
 * Some training images as they are, and as a stage augments them in its first epochs.
 *
 * @returns undefined if the stage changes no pixels, or trains on kept copies.
 */
export function augmentedImages(
  { augmentation, cachedCopies, epochCount }: StagePlan,
  { fit, pixels, seed }: Pick<TrainTask, 'fit' | 'pixels' | 'seed'>,
): AugmentedImages | undefined {
  if (cachedCopies !== undefined || (augmentation.kind !== 'random' && !flips(augmentation))) return undefined;
  const rowCount = Math.min(sheetRows, fit.length);
  // From the whole list, which may be sorted by class.
  const indices = Uint32Array.from({ length: rowCount }, (_, row) => fit[Math.floor((row * fit.length) / rowCount)]!);
  const epochs = Array.from({ length: Math.min(sheetEpochs, epochCount) }, (_, epochIndex) => epochIndex);
  return {
    ...{ size: pixels.size, rowCount },
    columns: [
      previewAugmentation(pixels, { kind: 'none' }, { seed, epochIndex: 0, indices }),
      ...epochs.map((epochIndex) => previewAugmentation(pixels, augmentation, { seed, epochIndex, indices })),
    ],
  };
}

// --- internal ---

const sheetRows = 6;
const sheetEpochs = 5;
