import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Bytes of the files in a folder and its subfolders; hard links to one file count once, and links are not followed. 0 without a
 * folder. Files and folders that appear or disappear during the count may count or not.
 */
export async function bytesOnDisk(folder: string): Promise<number> {
  const sizes = new Map<string, number>();
  await addSizes(folder, sizes);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

// --- internal ---

async function addSizes(folder: string, sizes: Map<string, number>): Promise<void> {
  // Folder by folder: a recursive readdir fails when any subfolder disappears.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return addSizes(path, sizes);
      if (!entry.isFile()) return;
      const found = await lstat(path).catch(() => undefined);
      if (found !== undefined) sizes.set(`${found.dev}:${found.ino}`, found.size);
    }),
  );
}
