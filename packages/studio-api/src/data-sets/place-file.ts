/** Puts files into folders without replacing others. */
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { numberedName } from './names.ts';

/**
 * Reserves a free name in a folder by an empty file, so that two requests never use the same one.
 *
 * @returns the path; the caller renames a file over it, or removes it.
 */
export async function reserveName(folder: string, name: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const path = join(folder, numberedName(name, number));
    try {
      await (await open(path, 'wx')).close();
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Moves a file over a name that {@link reserveName} has reserved; if it cannot be moved, the name is free again. */
export async function moveToReserved(from: string, reserved: string): Promise<void> {
  try {
    await rename(from, reserved);
  } catch (error) {
    await rm(reserved, { force: true });
    throw error;
  }
}
