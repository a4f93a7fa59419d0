/** Checks that a command's output can be written, and writes it; the user can fix a failure. */
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, systemErrorFix, systemErrorText } from '@chorus/storage';
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
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw unwritable(`Cannot write to ${place}`, error, advice);
  }
}

/**
 * The error of an output that cannot be written, with what fixes it.
 *
 * @param what start of the message.
 * @param advice completes the message; by default the error has a code for it.
 */
export function unwritable(what: string, error: unknown, advice?: string): ConfigError {
  const message = `${what}: ${systemErrorText(error)}`;
  const fix = systemErrorFix(error);
  if (advice !== undefined)
    return new ConfigError(`${message}; ${fix === undefined ? advice : `${fix}, or ${advice}`}.`);
  const { code = '' } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT'].includes(code)) return advise(new ConfigError(`${message}.`), { code: 'disk-space' });
  if (fix !== undefined) return new ConfigError(`${message}; ${fix}.`);
  return advise(new ConfigError(`${message}.`), { code: 'output-place' });
}
