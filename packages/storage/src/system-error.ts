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

// --- internal ---

const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  EISDIR: 'it is a folder',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'the host name could not be resolved',
};
