/** Where a command's result goes: looked at before minutes of work; what is wrong with it is the user's to mend. */
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorText } from '@chorus/storage';
import { advise, ConfigError } from './errors.ts';

/**
 * Makes a folder, and tries whether something can be made in it: what the permissions say is not all.
 *
 * @param advice the end of the message; by default the error has the code `output-place`.
 * @throws ConfigError where it cannot.
 */
export async function requireWritable(folder: string, advice?: string): Promise<void> {
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
export async function writingTo<T>(place: string, write: () => Promise<T>, advice?: string): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const message = `Expected to write to ${place}, received: ${systemErrorText(error)}`;
    throw advice === undefined
      ? advise(new ConfigError(`${message}.`), { code: 'output-place' })
      : new ConfigError(`${message}; ${advice}.`);
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
