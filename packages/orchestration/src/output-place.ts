/** Where a command's result goes: looked at before minutes of work; what is wrong with it is the user's to mend. */
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorText } from '@chorus/storage';
import { ConfigError } from './errors.ts';

const otherPlace = 'name another place with --out';

/**
 * Makes a folder, and tries whether something can be made in it: what the permissions say is not all.
 *
 * @throws ConfigError where it cannot.
 */
export async function requireWritable(folder: string, advice = otherPlace): Promise<void> {
  await writingTo(
    folder,
    async () => {
      await makeFolder(folder);
      await rmdir(await mkdtemp(join(folder, '.chorus-')));
    },
    advice,
  );
}

/**
 * Runs what writes to a place.
 *
 * @throws ConfigError in the place of the file system's own errors: a full disk, a folder that went away.
 */
export async function writingTo<T>(place: string, write: () => Promise<T>, advice = otherPlace): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new ConfigError(`Expected to write to ${place}, received: ${systemErrorText(error)}; ${advice}.`);
  }
}

/**
 * Makes a folder and those above it.
 *
 * node's own recursive mkdir never comes back from places like /proc, where a folder is there and nothing can be made.
 */
export async function makeFolder(folder: string): Promise<void> {
  const code = await mkdir(folder).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST' || (error.code === 'ENOENT' && dirname(folder) !== folder)) return error.code;
      throw error;
    },
  );
  if (code !== 'ENOENT') return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another process may have made it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  });
}
