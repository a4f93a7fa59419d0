/** Ranks members by how well frozen features separate the classes, before anything is trained. */
import { predictByNeighborsWithPauses } from '@chorus/evaluation';
import type { SharedFeatures } from '@chorus/training';
import type { Slices } from '../run/slices.ts';

export const neighborCount = 15;
/** Two accuracies on 1,000 images differ by chance by about a point; more images would take seconds. */
const mostImages = 1000;

/** Positions of the images that predict each other: all or, of many, evenly spaced ones, which has all classes of sorted images. */
export function rankedPositions(imageCount: number): number[] {
  const count = Math.min(imageCount, mostImages);
  return Array.from({ length: count }, (_, index) => Math.floor((index * imageCount) / count));
}

/**
 * The leave-one-out accuracy of nearest neighbors on frozen features of training images.
 *
 * @param width features per row.
 * @param labels class of each image of the store.
 */
export async function neighborAccuracy(
  { indices, rowsPerImage, rows }: SharedFeatures,
  width: number,
  { labels, classCount }: { labels: Int32Array; classCount: number },
  slices: Slices,
): Promise<number> {
  const positions = rankedPositions(indices.length);
  const all = new Float32Array(rows);
  const features = new Float32Array(positions.length * width);
  for (const [row, position] of positions.entries()) {
    // Without mirror images, which would be the nearest neighbors.
    const start = position * rowsPerImage * width;
    features.set(all.subarray(start, start + width), row * width);
  }
  const own = positions.map((position) => labels[indices[position]!]!);
  const options = { neighborCount, classCount };
  const predicted = await predictByNeighborsWithPauses({ features, width, labels: own }, options, () => slices.pause());
  return own.filter((label, index) => predicted[index] === label).length / own.length;
}
