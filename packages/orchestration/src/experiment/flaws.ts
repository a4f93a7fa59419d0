/**
 * Flaws of a published procedure, kept so that it can be reproduced: each a named switch, off unless it is asked for, and
 * named in the report where it is on.
 *
 * The procedure is V. Agarwal's of 2020, "Destroy Image Classification by Ensemble of Pre-trained models"; see the preset
 * `article`.
 */
import { z } from 'zod';

export const flawsSchema = z.strictObject({
  rawBgr: z
    .boolean()
    .default(false)
    .describe('Feed raw pixel values, 0 to 255, in BGR order, whatever preprocessing the weights were trained with.'),
  aliasedResize: z
    .boolean()
    .default(false)
    .describe('Resize as OpenCV does by default: two-tap bilinear, which skips most pixels of a large image.'),
  wholeFromStart: z
    .boolean()
    .default(false)
    .describe(
      'Train the pre-trained layers together with a random head from the first step (`recipe.whole`), with batch statistics in BatchNorm.',
    ),
  lastEpoch: z.boolean().default(false).describe("Keep the last epoch's weights instead of the best epoch's."),
  wholeBatchesOnly: z
    .boolean()
    .default(false)
    .describe(
      'Leave out the images that do not fill a batch, in each epoch of members and dense stacker and in the test.',
    ),
  tuneOnTest: z.boolean().default(false).describe('Watch the test images while training.'),
  fromLogitsOnSigmoid: z
    .enum(['cached-logits', 'probabilities'])
    .nullable()
    .default(null)
    .describe(
      'BinaryCrossentropy(from_logits=True) on sigmoid outputs: tf.keras warns and uses the `cached-logits` behind the sigmoid, which gives the right loss; TensorFlow 2.1 and 2.2 treated the `probabilities` as logits.',
    ),
});

export type Flaws = z.output<typeof flawsSchema>;

const descriptions: Record<keyof Flaws | 'trainingImages', string> = {
  rawBgr: 'pixels go in raw, 0 to 255, in BGR order, whatever the weights were trained on',
  aliasedResize: 'images are resized without antialiasing',
  wholeFromStart: 'a random head disturbs the pre-trained weights from the first step',
  lastEpoch: 'the last epoch is kept, even if it overfits',
  wholeBatchesOnly: 'images that do not fill a last batch are neither trained on nor tested',
  tuneOnTest: 'the test images are used as tune images',
  fromLogitsOnSigmoid: 'the loss treats sigmoid outputs as logits',
  trainingImages: "the stacker is trained on the members' own training images, on which their predictions are too good",
};

/** A flaw that is on. */
export interface FlawDescription {
  /** Key of the experiment, such as `flaws.rawBgr`. */
  name: string;
  description: string;
  /** Whether it raises the figures of the run above those of new images. */
  flatters: boolean;
}

/** The flaws that an experiment asks for; usually none. */
export function describeFlaws(experiment: { flaws: Flaws; stacking: { kind: string } }): FlawDescription[] {
  const on = (Object.entries(experiment.flaws) as [keyof Flaws, boolean | string | null][]).filter(
    ([, value]) => value,
  );
  const found = on.map(([name, value]) => ({
    name: `flaws.${name}`,
    flatters: name === 'tuneOnTest',
    description:
      typeof value === 'string'
        ? `${descriptions[name]} (${value === 'cached-logits' ? 'the cached logits are used instead: no effect' : 'the sigmoid is applied twice'})`
        : descriptions[name],
  }));
  return experiment.stacking.kind === 'training-images'
    ? [...found, { name: 'stacking.kind', flatters: true, description: descriptions.trainingImages }]
    : found;
}
