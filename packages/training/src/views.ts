/** The views of images in predictions and in kept features. */
import { cropKinds, type TestTimeAugmentation, unionOfViews, type View, viewsOf } from '@chorus/models';
import type { PlannedAugmentation } from './plan.ts';

/** What `auto` chooses from, in ascending order of the number of views. */
export const augmentationCandidates: readonly TestTimeAugmentation[] = [false, true, ...cropKinds];

/** The views of an image that a planned training predicts. */
export function plannedViews(planned: PlannedAugmentation): readonly View[] {
  return planned === 'auto' ? unionOfViews(augmentationCandidates) : viewsOf(planned);
}

/** The views whose rows kept features have, in order. */
export function viewsInRows({
  rowsPerImage,
  crops,
}: {
  rowsPerImage: number;
  crops?: PlannedAugmentation | undefined;
}): readonly View[] {
  return plannedViews(crops ?? rowsPerImage > 1);
}

/** The number of rows of an image in kept features, and whose views they are if some are crops. */
export function rowsOfViews(planned: PlannedAugmentation): { rowsPerImage: number; crops?: PlannedAugmentation } {
  const views = plannedViews(planned);
  return { rowsPerImage: views.length, ...(hasCrops(views) ? { crops: planned } : {}) };
}

export function hasCrops(views: readonly View[]): boolean {
  return views.some(({ crop }) => crop !== null);
}
