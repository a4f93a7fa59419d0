/** The images of a data set as they are on the disk. */
import { type FolderLayout, type ImageFile, scanImageFolder } from '@chorus/data';
import type { DataSetImage } from '../protocol/data-sets.ts';

/** An image, with what the page does not need. */
export interface ListedImage extends DataSetImage {
  file: Pick<ImageFile, 'path' | 'mtimeMs' | 'sizeBytes'>;
}

export interface Listing {
  layout: 'classes' | 'splits';
  /** Names of the split folders; empty in a folder of classes. */
  splits: string[];
  classes: string[];
  /** By path, sorted by split folder, class and path. Only these images are ever opened or moved. */
  images: Map<string, ListedImage>;
  /** Why the folder cannot be trained on. */
  problem: string | null;
}

/**
 * Lists a data set, also one that is not complete.
 *
 * @throws DataError when the folder cannot be read.
 */
export async function readListing(root: string, layout: FolderLayout, excluded: ReadonlySet<string>): Promise<Listing> {
  const problems: string[] = [];
  const folder = await scanImageFolder(root, { layout, onProblem: ({ message }) => problems.push(message) });
  const images = folder.images.map(
    ({ relativePath, label, role, path, mtimeMs, sizeBytes }): ListedImage => ({
      path: relativePath,
      class: folder.classes[label]!,
      role,
      excluded: excluded.has(relativePath),
      file: { path, mtimeMs, sizeBytes },
    }),
  );
  return {
    layout: folder.splits.length > 0 ? 'splits' : 'classes',
    splits: folder.splits.map((split) => split.folder),
    classes: folder.classes,
    images: new Map(images.map((image) => [image.path, image])),
    problem: problems[0] ?? null,
  };
}

/** An image as the page receives it. */
export function shownImage({ path, class: name, role, excluded }: ListedImage): DataSetImage {
  return { path, class: name, role, excluded };
}
