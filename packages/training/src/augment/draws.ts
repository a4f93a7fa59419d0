/** Random numbers of an image in an epoch, which depend neither on other images nor on the batch. */
import { philoxUniform, streamSeed } from '@chorus/models';

/** Every use has its own number, so that turning one setting on does not change what another one draws. */
const uses = [
  ...(['cropArea', 'cropRatio', 'cropLeft', 'cropTop', 'rotation', 'shear'] as const),
  ...(['brightness', 'contrast', 'saturation', 'hue', 'gray'] as const),
] as const;

/** A number in [0, 1) for each use. */
export type Draws = Readonly<Record<(typeof uses)[number], number>>;

/** Draws the numbers of one epoch: for each image, by its index in the store. */
export function epochDraws(seed: number, epochIndex: number): (image: number) => Draws {
  const key = streamSeed(seed, `augmentation ${epochIndex}`);
  return (image) => {
    const numbers = philoxUniform([key, image], uses.length);
    return Object.fromEntries(uses.map((use, index) => [use, numbers[index]!])) as Draws;
  };
}

/** Maps a number in [0, 1) to a range. */
export function between(lowest: number, highest: number, draw: number): number {
  return lowest + (highest - lowest) * draw;
}
