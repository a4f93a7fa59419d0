import { ModelError } from '@chorus/models';

const advice = {
  logits: 'Train the member again at a lower learning rate.',
  features: 'Check that they are those of a trained model.',
};

/**
 * Refuses outputs that are not finite.
 *
 * @param values [images, outputs], with any number of outputs per image.
 * @param indices image indices of the rows.
 * @param source where the weights come from, for the message.
 * @throws ModelError naming the source and the first image.
 */
export function requireFinite(
  values: Float32Array,
  indices: Uint32Array,
  source: string,
  what: keyof typeof advice = 'logits',
): void {
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken === -1) return;
  const row = Math.floor((broken * indices.length) / values.length);
  throw new ModelError(
    `${source}: expected finite ${what}, received ${values[broken]} for image ${indices[row]}; the weights are unusable. ${advice[what]}`,
  );
}
