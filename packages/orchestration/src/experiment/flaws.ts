/**
 * Flaws of a published procedure, kept to reproduce it. Each is a named switch that is off by default; the report lists the
 * flaws that are on.
 *
 * The procedure is that of V. Agarwal, "Destroy Image Classification by Ensemble of Pre-trained models" (2020); see the
 * preset `article`.
 */
import { z } from 'zod';

export const flawsSchema = z.strictObject({
  rawBgr: z
    .boolean()
    .default(false)
    .describe(
      'Feed raw pixel values, 0 to 255, in BGR order, regardless of the preprocessing that the weights were trained with.',
    ),
  aliasedResize: z
    .boolean()
    .default(false)
    .describe(
      "Resize with OpenCV's default, two-tap bilinear interpolation, which skips most pixels of a large image.",
    ),
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
      'Leave out images that do not fill a batch: in each epoch of the members and the dense stacker, and in the test.',
    ),
  tuneOnTest: z.boolean().default(false).describe('Use the test images as tuning images during training.'),
  fromLogitsOnSigmoid: z
    .enum(['cached-logits', 'probabilities'])
    .nullable()
    .default(null)
    .describe(
      'BinaryCrossentropy(from_logits=True) on sigmoid outputs: tf.keras warns and uses the `cached-logits` before the sigmoid, which gives the correct loss; TensorFlow 2.1 and 2.2 treated the `probabilities` as logits.',
    ),
});

export type Flaws = z.output<typeof flawsSchema>;

const descriptions: Record<keyof Flaws | 'trainingImages', string> = {
  rawBgr: 'the input is raw pixels, 0 to 255, in BGR order, regardless of what the weights were trained on',
  aliasedResize: 'images are resized without antialiasing',
  wholeFromStart: 'a random head disturbs the pre-trained weights from the first step',
  lastEpoch: "the last epoch's weights are kept, even if they overfit",
  wholeBatchesOnly: 'images that do not fill a last batch are left out of training and the test',
  tuneOnTest: 'the test images are used as tuning images',
  fromLogitsOnSigmoid: 'the loss treats sigmoid outputs as logits',
  trainingImages:
    "the stacker is trained on the members' own training images, on which their predictions are too accurate",
};

/** A flaw that is turned on. */
export interface FlawDescription {
  /** Key of the experiment, such as `flaws.rawBgr`. */
  name: string;
  description: string;
  /** Whether it makes the run's figures better than they would be on new images. */
  flatters: boolean;
}

/** The flaws that an experiment turns on; usually none. */
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
