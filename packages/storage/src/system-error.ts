/** Describes system errors in words. Imports nothing but node:util, because the command line needs it before the rest loads. */
import { getSystemErrorMap } from 'node:util';

/**
 * Describes a file system or network error without its code, as the end of a sentence.
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

// --- internal ---

const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'it is a folder',
  ELOOP: 'a link that leads to itself',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  ENOTFOUND: 'no host of this name was found',
  EAI_AGAIN: 'the host name could not be looked up',
};
