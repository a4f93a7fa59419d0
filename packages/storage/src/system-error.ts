/** Describes system errors in words. Imports only node:util, because the command line needs it before anything else loads. */
import { getSystemErrorMap } from 'node:util';

/**
 * Describes a file system or network error without its code, to complete a sentence.
 *
 * @returns for example `no such file or folder`; for any other error, its message.
 * @example
 * throw new StorageError(`Cannot read ${path}: ${systemErrorText(error)}.`);
 */
export function systemErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '' } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(texts, code)) return texts[code]!;
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return known === undefined ? error.message : known[1];
}

/**
 * What a user can do about a file system error, to complete a sentence after {@link systemErrorText}.
 *
 * @returns for example `free some space`; undefined if the error's text says enough.
 */
export function systemErrorFix(error: unknown): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  return Object.hasOwn(fixes, code) ? fixes[code] : undefined;
}

/**
 * Describes a file system error with what a user can do about it, to complete a sentence.
 *
 * @returns for example `no space left on the disk; free some space`.
 */
export function systemErrorReason(error: unknown): string {
  const fix = systemErrorFix(error);
  return fix === undefined ? systemErrorText(error) : `${systemErrorText(error)}; ${fix}`;
}

/**
 * The message for the user of a file system's error that nothing could foresee, such as a full disk.
 *
 * @returns one sentence with the path, if the error has one, and what fixes it; undefined for any other error.
 */
export function systemErrorMessage(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, message } = error as NodeJS.ErrnoException;
  // As Node.js writes it: an error that names the file and the code in its own words has a better message.
  if (systemErrorFix(error) === undefined || !message.startsWith(`${code}: `)) return undefined;
  return `Cannot read or write ${path ?? 'a file'}: ${systemErrorReason(error)}.`;
}

// --- internal ---

const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  EIO: 'input/output error',
  EISDIR: 'it is a folder',
  ENFILE: 'too many open files on this machine',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'the host name could not be resolved',
};

const fixes: Readonly<Record<string, string>> = {
  EDQUOT: 'free some space, or raise the quota',
  EFBIG: 'raise the limit on the size of files (ulimit -f)',
  EIO: 'check the disk and the log of the operating system',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'close other programs, or raise the limit of the operating system on open files',
  ENOSPC: 'free some space',
};
