/** The views of images in predictions and in kept features. */
import { cropKinds, type TestTimeAugmentation, unionOfViews, type View, viewsOf } from '@chorus/models';
import type { PlannedViews } from './plan.ts';

/** What `auto` chooses from, in ascending order of the number of views. */
export const viewCandidates: readonly TestTimeAugmentation[] = [false, true, ...cropKinds];

/** The views of an image that a planned training predicts. */
export function viewsToPredict(planned: PlannedViews): readonly View[] {
  return planned === 'auto' ? unionOfViews(viewCandidates) : viewsOf(planned);
}

/** The views whose rows kept features have, in order. */
export function viewsInRows({
  rowsPerImage,
  crops,
}: {
  rowsPerImage: number;
  crops?: PlannedViews | undefined;
}): readonly View[] {
  return viewsToPredict(crops ?? rowsPerImage > 1);
}

/** The number of rows of an image in kept features, and whose views they are if some are crops. */
export function rowsOfViews(planned: PlannedViews): { rowsPerImage: number; crops?: PlannedViews } {
  const views = viewsToPredict(planned);
  return { rowsPerImage: views.length, ...(hasCrops(views) ? { crops: planned } : {}) };
}

export function hasCrops(views: readonly View[]): boolean {
  return views.some(({ crop }) => crop !== null);
}
