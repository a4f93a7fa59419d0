import type { ImageFile } from './image-folder.ts';

/**
 * Compares images, given by index, by relative path: by UTF-16 code units of the NFC form, so that the order does not depend on
 * the Unicode form that a file system stores.
 */
export function pathOrder(images: readonly Pick<ImageFile, 'relativePath'>[]): (a: number, b: number) => number {
  const keys = images.map(({ relativePath }) => relativePath.normalize('NFC'));
  return (a, b) => {
    if (keys[a] !== keys[b]) return keys[a]! < keys[b]! ? -1 : 1;
    // Names with the same NFC form.
    return images[a]!.relativePath < images[b]!.relativePath ? -1 : 1;
  };
}
