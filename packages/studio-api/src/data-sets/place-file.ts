/** Puts files into folders, never over other files. */
import { randomUUID } from 'node:crypto';
import { link, open, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { numberedName } from './names.ts';

/**
 * Moves a file. Unlike `rename`, it never replaces another file, also not one that another program creates at the same time.
 * While it works, the file may have both names.
 *
 * @throws the error of the file system, `EEXIST` if the new path is taken; the file is then where it was.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (isTaken(error)) throw error;
    // Not every file system has hard links; if there is another reason, it is that of `rename`, too.
    await moveToReserved(from, to);
    return;
  }
  try {
    await unlink(from);
  } catch (error) {
    await unlink(to);
    throw error;
  }
}

/**
 * Writes a file under a free name: `cat.jpg`, `cat-2.jpg`, `cat-3.jpg` … Until all its bytes are on the disk, it is hidden.
 *
 * @returns its path.
 */
export async function addFile(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(folder, `.chorus-${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, bytes, { flag: 'wx', flush: true });
    for (let number = 1; ; number += 1) {
      const path = join(folder, numberedName(name, number));
      try {
        await moveFile(temporary, path);
        return path;
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

// --- internal ---

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

/** Reserves the path by an empty file, which the move replaces. */
async function moveToReserved(from: string, to: string): Promise<void> {
  await (await open(to, 'wx')).close();
  try {
    await rename(from, to);
  } catch (error) {
    await unlink(to);
    throw error;
  }
}
