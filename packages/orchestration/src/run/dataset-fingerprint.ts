import { foldName, type ImageFile, type ImageSplit } from '@chorus/data';
import { sha256 } from '@chorus/storage';

/**
 * Hashes the images of a run and their split. The fingerprint changes when a file is added, removed or renamed, when its bytes
 * change, or when the split changes. It does not depend on times, on the Unicode form of names or on their order.
 *
 * @param hashes hexadecimal SHA-256 of each image's bytes; null for a skipped image, which counts by name and size.
 */
export function datasetFingerprint(
  images: readonly Pick<ImageFile, 'relativePath' | 'sizeBytes'>[],
  hashes: readonly (string | null)[],
  split: ImageSplit,
): string {
  const names = images.map(({ relativePath }) => relativePath.normalize('NFC'));
  const order = [...images.keys()].toSorted((a, b) => (names[a]! < names[b]! ? -1 : names[a]! > names[b]! ? 1 : 0));
  const rank = new Uint32Array(images.length);
  for (const [position, index] of order.entries()) rank[index] = position;
  const files = order.map((index) => [names[index], hashes[index] ?? `skipped, ${images[index]!.sizeBytes} bytes`]);
  const ranks = (indices: Uint32Array) => [...indices.map((index) => rank[index]!).sort()];
  const parts = split.folds.map(({ fold, fit, tune, outOfFold }) => [
    foldName(fold),
    ranks(fit),
    ranks(tune),
    ranks(outOfFold),
  ]);
  return sha256(JSON.stringify({ files, parts, test: ranks(split.test) }));
}
