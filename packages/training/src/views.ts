/** The views of images in predictions and in kept features. */
import { cropKinds, type TestTimeAugmentation, unionOfViews, type View, viewsOf } from '@chorus/models';
import type { PlannedViews } from './plan.ts';

/** What `auto` chooses from, in ascending order of the number of views. */
export const viewCandidates: readonly TestTimeAugmentation[] = [false, true, ...cropKinds];

/** The views of an image that a planned training predicts. */
export function viewsToPredict(planned: PlannedViews): readonly View[] {
  return unionOfViews(kindsOf(planned));
}

/**
 * The views whose rows kept features have, in order. The image and its mirror image come first, because training may flip
 * images.
 */
export function viewsInRows({
  rowsPerImage,
  crops,
}: {
  rowsPerImage: number;
  crops?: PlannedViews | undefined;
}): readonly View[] {
  return crops === undefined ? viewsOf(rowsPerImage > 1) : unionOfViews([true, ...kindsOf(crops)]);
}

/** The number of rows of an image in kept features, and whose views they are if some are crops. */
export function rowsOfViews(planned: PlannedViews): { rowsPerImage: number; crops?: PlannedViews } {
  if (!hasCrops(viewsToPredict(planned))) return { rowsPerImage: viewsToPredict(planned).length };
  return { rowsPerImage: viewsInRows({ rowsPerImage: 0, crops: planned }).length, crops: planned };
}

export function hasCrops(views: readonly View[]): boolean {
  return views.some(({ crop }) => crop !== null);
}

// --- internal ---

function kindsOf(planned: PlannedViews): readonly TestTimeAugmentation[] {
  return planned === 'auto' ? viewCandidates : [planned];
}
