/** Ranks features by how well the nearest neighbors of each image predict its label. */
import { checkLabels } from './score.ts';
import { finish, finishWithPauses } from './steps.ts';

export interface LabeledFeatures {
  /** [images, width] */
  features: Float32Array;
  width: number;
  /** The class of each image, 0 … classCount - 1. */
  labels: ArrayLike<number>;
}

export interface NeighborOptions {
  /** Number of neighbors; with fewer other images, all of them. */
  neighborCount: number;
  classCount: number;
}

/**
 * Predicts each image's class from the other images: their nearest ones by cosine distance vote with weights of 1 / distance. Of
 * equal votes, the first class wins. Takes the time of images² × width / 2 multiplications, and memory of images² float32 numbers.
 *
 * The predictions are those of scikit-learn's `KNeighborsClassifier(metric='cosine', weights='distance')` with leave-one-out
 * cross-validation.
 *
 * @returns a class per image; the first class for a single image.
 * @throws Error for features that are not finite or of another number, labels out of range, and less than one neighbor.
 */
export function predictByNeighbors(images: LabeledFeatures, options: NeighborOptions): Int32Array {
  return finish(neighborSteps(images, options));
}

/** As {@link predictByNeighbors}, with pauses every few milliseconds; an error of `pause` ends the computation. */
export function predictByNeighborsWithPauses(
  images: LabeledFeatures,
  options: NeighborOptions,
  pause: () => Promise<void>,
): Promise<Int32Array> {
  return finishWithPauses(neighborSteps(images, options), pause);
}

// --- internal ---

/** Rows whose products are computed together, so that they stay in the processor's cache. */
const blockRows = 32;
/** Bounds the vote of a copy of the same picture. */
const smallestDistance = 1e-7;

function* neighborSteps(
  { features, width, labels }: LabeledFeatures,
  { neighborCount, classCount }: NeighborOptions,
): Generator<void, Int32Array> {
  checkImages({ features, width, labels }, { neighborCount, classCount });
  const count = labels.length;
  const rows = unitRows(features, width);
  const similarities = new Float32Array(count * count);
  for (let first = 0; first < count; first += blockRows)
    for (let second = first; second < count; second += blockRows) {
      fillBlock(similarities, rows, { first, second, count, width });
      yield;
    }
  const predicted = new Int32Array(count);
  for (let image = 0; image < count; image += 1) {
    const row = similarities.subarray(image * count, (image + 1) * count);
    predicted[image] = vote(nearest(row, image, neighborCount), row, labels, classCount);
    if (image % blockRows === 0) yield;
  }
  return predicted;
}

function checkImages(
  { features, width, labels }: LabeledFeatures,
  { neighborCount, classCount }: NeighborOptions,
): void {
  if (!(neighborCount >= 1)) throw new Error(`expected at least one neighbor, received ${neighborCount}`);
  if (!(width >= 1) || features.length !== labels.length * width)
    throw new Error(`expected ${labels.length} × ${width} features, received ${features.length}`);
  const broken = features.findIndex((value) => !Number.isFinite(value));
  if (broken !== -1)
    throw new Error(`expected finite features, received ${features[broken]} in row ${Math.floor(broken / width)}`);
  checkLabels(labels, classCount);
}

/** Rows of length 1; a row of zeros stays. */
function unitRows(features: Float32Array, width: number): Float32Array {
  const rows = new Float32Array(features.length);
  for (let start = 0; start < features.length; start += width) {
    let squares = 0;
    for (let column = start; column < start + width; column += 1) squares += features[column]! ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let column = start; column < start + width; column += 1) rows[column] = features[column]! * scale;
  }
  return rows;
}

/** Products of two blocks of rows, at both places of the symmetric matrix. */
function fillBlock(
  similarities: Float32Array,
  rows: Float32Array,
  { first, second, count, width }: { first: number; second: number; count: number; width: number },
): void {
  for (let one = first; one < Math.min(first + blockRows, count); one += 1)
    for (let other = Math.max(second, one); other < Math.min(second + blockRows, count); other += 1) {
      const [a, b] = [one * width, other * width];
      let product = 0;
      for (let column = 0; column < width; column += 1) product += rows[a + column]! * rows[b + column]!;
      similarities[one * count + other] = product;
      similarities[other * count + one] = product;
    }
}

/** Indices of the most similar other images, the most similar first; of equal ones, the first. */
function nearest(similarities: Float32Array, image: number, neighborCount: number): number[] {
  const found: number[] = [];
  for (let other = 0; other < similarities.length; other += 1) {
    if (other === image) continue;
    const similarity = similarities[other]!;
    if (found.length === neighborCount && similarity <= similarities[found.at(-1)!]!) continue;
    let place = found.length;
    while (place > 0 && similarities[found[place - 1]!]! < similarity) place -= 1;
    found.splice(place, 0, other);
    if (found.length > neighborCount) found.pop();
  }
  return found;
}

function vote(
  neighbors: readonly number[],
  similarities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
): number {
  const votes = new Float64Array(classCount);
  for (const other of neighbors) votes[labels[other]!]! += 1 / Math.max(smallestDistance, 1 - similarities[other]!);
  return votes.indexOf(Math.max(...votes));
}
