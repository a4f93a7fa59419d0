import { ModelError } from '@chorus/models';

/**
 * Refuses logits that are not finite.
 *
 * @param logits [images, outputs]
 * @param indices image indices of the rows.
 * @param source where the weights come from, for the message.
 * @throws ModelError naming the source and the first image.
 */
export function requireFinite(logits: Float32Array, indices: Uint32Array, source: string): void {
  const broken = logits.findIndex((logit) => !Number.isFinite(logit));
  if (broken === -1) return;
  const row = Math.floor((broken * indices.length) / logits.length);
  throw new ModelError(
    `${source}: expected finite logits, received ${logits[broken]} for image ${indices[row]}; the weights are unusable. Train the member again at a lower learning rate.`,
  );
}
