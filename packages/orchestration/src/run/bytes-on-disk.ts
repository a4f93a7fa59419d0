import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Bytes of the files in a folder and its subfolders; hard links to one file count once. 0 without a folder. A run that is running
 * renames and removes files meanwhile: files that are gone do not count.
 */
export async function bytesOnDisk(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = new Map<string, number>();
  for (const { parentPath, name } of files) {
    const found = await lstat(join(parentPath, name)).catch(() => undefined);
    if (found !== undefined) sizes.set(`${found.dev}:${found.ino}`, found.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
