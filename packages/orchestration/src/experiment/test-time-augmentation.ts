/** Which views of an image predictions average. */
import { cropKinds } from '@chorus/models';
import type { PlannedAugmentation } from '@chorus/training';
import { z } from 'zod';

/** The kinds in ascending order of their number of views. */
export const augmentationNames = ['none', 'mirror', ...cropKinds] as const;
export type AugmentationName = (typeof augmentationNames)[number];

/** `testTimeAugmentation` of an experiment; the booleans mean `mirror` and `none`. */
export const testTimeAugmentationChoiceSchema = z
  .union([z.boolean(), z.enum([...augmentationNames, 'auto'])], {
    error: `expected true, false, ${augmentationNames.map((name) => `"${name}"`).join(', ')} or "auto"`,
  })
  .default(true)
  .describe(
    'Average the logits of several views of each image: `mirror` (or `true`), the image and its mirror image, doubles the prediction time, but lowers the error; `scales` adds the enlarged middle of the image (6 views), `five-crops` its corners and its middle (12); `auto` chooses by out-of-fold log loss; `none` (or `false`).',
  );

export type AugmentationChoice = z.output<typeof testTimeAugmentationChoiceSchema>;

/** What a choice stands for, in the form in which plans and bundles store it. */
export function plannedAugmentationOf({
  testTimeAugmentation: choice,
}: {
  testTimeAugmentation: AugmentationChoice;
}): PlannedAugmentation {
  if (choice === 'none') return false;
  return choice === 'mirror' ? true : choice;
}

/** Whether predictions average mirror images, among other views. */
export function mirrors(experiment: { testTimeAugmentation: AugmentationChoice }): boolean {
  return plannedAugmentationOf(experiment) !== false;
}

export function augmentationName(kind: Exclude<PlannedAugmentation, 'auto'>): AugmentationName {
  if (typeof kind === 'boolean') return kind ? 'mirror' : 'none';
  return kind;
}
