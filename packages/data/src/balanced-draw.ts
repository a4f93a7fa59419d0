import { randomFor, shuffle } from './shuffle.ts';

/**
 * Draws as many images as there are, equally many of each class, for one epoch.
 *
 * Images of small classes are drawn several times, of large classes a random part. How often images of one class are drawn differs
 * by at most one, as do the classes' numbers of draws, so that the draw varies less than one with replacement. Over epochs, an image
 * is drawn `images / (classes × images of its class)` times on average. Seed and epoch determine the draw.
 *
 * @param labels class of each image, in the order of the indices.
 * @returns image indices, class by class.
 */
export function drawBalanced(
  indices: Uint32Array,
  labels: ArrayLike<number>,
  { seed, epochIndex }: { seed: number; epochIndex: number },
): Uint32Array {
  const byClass = new Map<number, number[]>();
  for (const [position, index] of indices.entries()) {
    const images = byClass.get(labels[position]!);
    if (images === undefined) byClass.set(labels[position]!, [index]);
    else images.push(index);
  }
  const random = randomFor(seed, `balanced draw ${epochIndex}`);
  const classes = [...byClass.keys()].toSorted((a, b) => a - b);
  const drawn: (readonly number[])[] = [];
  // Classes in random order share the draws that are left after an equal number for each.
  for (const [place, label] of shuffle(classes, random).entries()) {
    const images = byClass.get(label)!;
    const count = Math.floor(indices.length / classes.length) + Number(place < indices.length % classes.length);
    for (let copy = 0; copy < Math.floor(count / images.length); copy += 1) drawn.push(images);
    drawn.push(shuffle([...images], random).slice(0, count % images.length));
  }
  return Uint32Array.from(drawn.flat());
}
