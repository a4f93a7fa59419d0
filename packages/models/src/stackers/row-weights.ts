/**
 * Weights of images with which every class counts equally, whatever its number of images: the harmonic mean of the classes' counts
 * divided by the count of the image's class.
 *
 * They sum to the number of images of which the weighted ones are worth as much, Kish's effective sample size, so that priors of
 * fits keep their strength. With classes of equal size, all are 1.
 *
 * @param labels class of each image; classes without images count for nothing.
 */
export function balancedRowWeights(labels: ArrayLike<number>): Float64Array {
  const counts = new Map<number, number>();
  for (let row = 0; row < labels.length; row += 1) counts.set(labels[row]!, (counts.get(labels[row]!) ?? 0) + 1);
  const harmonicMean = counts.size / [...counts.values()].reduce((sum, count) => sum + 1 / count, 0);
  return Float64Array.from(labels, (label) => harmonicMean / counts.get(label)!);
}
