import type { Dirent } from 'node:fs';

/**
 * Returns whether a folder entry is a file that an operating system creates by itself: `.DS_Store` and AppleDouble files
 * (`._name`) on macOS, `Thumbs.db` and `desktop.ini` (in any case) on Windows. Folders and links do not count.
 */
export function isSystemFile(entry: Pick<Dirent, 'name' | 'isFile'>): boolean {
  const { name } = entry;
  return entry.isFile() && (name === '.DS_Store' || /^\._./.test(name) || /^(thumbs\.db|desktop\.ini)$/i.test(name));
}
