/** Which views of an image predictions average. */
import { cropKinds } from '@chorus/models';
import type { PlannedViews } from '@chorus/training';
import { z } from 'zod';

/** The kinds in ascending order of their number of views. */
export const viewKinds = ['none', 'mirror', ...cropKinds] as const;
export type ViewKind = (typeof viewKinds)[number];

/** `testTimeAugmentation` of an experiment; the booleans mean `mirror` and `none`. */
export const testTimeAugmentationChoiceSchema = z
  .union([z.boolean(), z.enum([...viewKinds, 'auto'])], {
    error: `expected true, false, ${viewKinds.map((name) => `"${name}"`).join(', ')} or "auto"`,
  })
  .default(true)
  .describe(
    'Average the logits of several views of each image: `mirror` (or `true`), the image and its mirror image, doubles the prediction time, but lowers the error; `zoom`, the image and the mirror image of its enlarged middle (2 views); `scales`, the image and its middle at two scales (6); `five-crops`, the image, its corners and its middle (12); `auto` chooses by out-of-fold log loss; `none` (or `false`).',
  );

export type ViewsChoice = z.output<typeof testTimeAugmentationChoiceSchema>;

/** What a choice stands for, in the form in which plans and bundles store it. */
export function plannedViewsOf({ testTimeAugmentation: choice }: { testTimeAugmentation: ViewsChoice }): PlannedViews {
  if (choice === 'none') return false;
  return choice === 'mirror' ? true : choice;
}

/** Whether predictions average mirror images, among other views. */
export function mirrors(experiment: { testTimeAugmentation: ViewsChoice }): boolean {
  return plannedViewsOf(experiment) !== false;
}

export function viewKindOf(kind: Exclude<PlannedViews, 'auto'>): ViewKind {
  if (typeof kind === 'boolean') return kind ? 'mirror' : 'none';
  return kind;
}
