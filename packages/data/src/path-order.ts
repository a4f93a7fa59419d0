import type { ImageFile } from './image-folder.ts';

/**
 * Compares images, given by index, by relative path: first in NFC, so that a copy of the folder on a file system with another
 * Unicode form has the same order, in UTF-16 code units.
 */
export function pathOrder(images: readonly Pick<ImageFile, 'relativePath'>[]): (a: number, b: number) => number {
  const keys = images.map(({ relativePath }) => relativePath.normalize('NFC'));
  return (a, b) => {
    if (keys[a] !== keys[b]) return keys[a]! < keys[b]! ? -1 : 1;
    // Names with the same NFC form.
    return images[a]!.relativePath < images[b]!.relativePath ? -1 : 1;
  };
}
