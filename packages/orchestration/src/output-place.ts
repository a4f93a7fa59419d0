/** Checks that a command's output can be written, and writes it; the user can fix a failure. */
import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorText } from '@chorus/storage';
import { advise, ConfigError } from './errors.ts';

/**
 * Creates a folder and checks that it is writable by creating a folder in it, since permissions alone do not show that.
 *
 * @param advice completes the message; by default the error has the code `output-place`.
 * @throws ConfigError if it is not writable.
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
 * Checks the path of an output file before the work, which can take minutes.
 *
 * @param ending the extension that the path must have, such as `.npy`.
 * @throws ConfigError when it has another one, is a folder, or its folder is not writable.
 */
export async function requireOutput(out: string, ending: string): Promise<void> {
  if (!out.endsWith(ending)) throw new ConfigError(`Expected an output file that ends in ${ending}, received ${out}.`);
  await requireWritable(dirname(out));
  const there = await stat(out).catch(() => undefined);
  if (there?.isDirectory()) throw new ConfigError(`Expected an output file, received the folder ${out}.`);
}

/**
 * Runs a function that writes to a file or folder.
 *
 * @throws ConfigError instead of a file system's error, such as a full disk or a removed folder.
 */
export async function writingTo<T>(place: string, write: () => Promise<T>, advice?: string): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const message = `Cannot write to ${place}: ${systemErrorText(error)}`;
    throw advice === undefined
      ? advise(new ConfigError(`${message}.`), { code: 'output-place' })
      : new ConfigError(`${message}; ${advice}.`);
  }
}

/**
 * Creates a folder and its parents.
 *
 * node's recursive mkdir never returns for paths below /proc, whose folders exist but reject new entries.
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
    // Another process may have created it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  });
}
