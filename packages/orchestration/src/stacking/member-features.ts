/** The features that the stacker `features` is fitted on. */
import { type MemberFeatures, positionsOf, type TestTimeAugmentation, viewsOf } from '@chorus/models';
import { type SharedFeatures, viewsInRows } from '@chorus/training';

/**
 * Picks the features of images from those of all training images.
 *
 * @param members in the order of the ensemble; undefined for members without features that can be stacked.
 * @param indices images, each of which has rows.
 * @param testTimeAugmentation which rows of each image to average, as predictions do.
 * @returns features in shared memory.
 */
export function featuresOfImages(
  members: readonly (SharedFeatures | undefined)[],
  indices: Uint32Array,
  testTimeAugmentation: TestTimeAugmentation,
): MemberFeatures {
  const all = new Map<number, Float32Array>();
  for (const [member, features] of members.entries())
    if (features !== undefined) all.set(member, pick(features, indices, testTimeAugmentation));
  return all;
}

// --- internal ---

function pick(
  features: SharedFeatures,
  indices: Uint32Array,
  testTimeAugmentation: TestTimeAugmentation,
): Float32Array {
  const { rowsPerImage, cachedCopies } = features;
  const rows = new Float32Array(features.rows);
  // The rows of augmented copies come last.
  const width = rows.length / features.indices.length / (rowsPerImage + (cachedCopies?.count ?? 0));
  const averaged = positionsOf(viewsOf(testTimeAugmentation), viewsInRows(features));
  const positions = new Map(Array.from(features.indices, (index, position) => [index, position]));
  const bytes = indices.length * width * Float32Array.BYTES_PER_ELEMENT;
  const picked = new Float32Array(new SharedArrayBuffer(bytes));
  for (const [row, index] of indices.entries()) {
    const first = positions.get(index)! * rowsPerImage * width;
    for (let feature = 0; feature < width; feature += 1) {
      const sum = averaged.reduce((total, view) => total + rows[first + view * width + feature]!, 0);
      picked[row * width + feature] = sum / averaged.length;
    }
  }
  return picked;
}
