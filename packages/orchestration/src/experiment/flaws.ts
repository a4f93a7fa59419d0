/**
 * Flaws of a published procedure, kept so that it can be reproduced: each a named switch, off unless it is asked for, and
 * named in the report where it is on.
 *
 * The procedure is V. Agarwal's of 2020, "Destroy Image Classification by Ensemble of Pre-trained models"; see the preset
 * `article`.
 */
import { z } from 'zod';

export const flawsSchema = z.strictObject({
  /** Raw values 0 … 255 in the order blue, green, red, whatever the weights were trained on. */
  rawBgr: z.boolean().default(false),
  /** Images are resized as OpenCV does by default: two-tap bilinear, which skips most pixels of a large image. */
  aliasedResize: z.boolean().default(false),
  /** Pre-trained layers and a random head learn together from the first step, by `recipe.whole`, in batch statistics. */
  wholeFromStart: z.boolean().default(false),
  /** The last epoch's weights are kept, whatever the images say that are watched. */
  lastEpoch: z.boolean().default(false),
  /** What does not fill a batch is left out: in each epoch of members and dense stacker, and of the test. */
  wholeBatchesOnly: z.boolean().default(false),
  /** The images that are watched while training are the test images. */
  tuneOnTest: z.boolean().default(false),
  /**
   * BinaryCrossentropy(from_logits=True) on sigmoid outputs: tf.keras warns and takes the `cached-logits` behind the
   * sigmoid, which is the right loss after all; TensorFlow 2.1 and 2.2 took the `probabilities` for logits.
   */
  fromLogitsOnSigmoid: z.enum(['cached-logits', 'probabilities']).nullable().default(null),
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
