import type { Dirent } from 'node:fs';

/**
 * Whether a folder's entry is a file that an operating system leaves there by itself: `.DS_Store` and AppleDouble files
 * (`._name`) of macOS, `Thumbs.db` and `desktop.ini` of Windows (which ignores the case of names). Folders and links are not.
 */
export function isSystemFile(entry: Pick<Dirent, 'name' | 'isFile'>): boolean {
  const { name } = entry;
  return entry.isFile() && (name === '.DS_Store' || /^\._./.test(name) || /^(thumbs\.db|desktop\.ini)$/i.test(name));
}
