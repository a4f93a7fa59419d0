/** Why a download did not succeed, as the end of a sentence that names its address. */
import { StorageError } from '../errors.ts';
import { systemErrorText } from '../system-error.ts';

/** What may be gone at the next try: a broken connection, a busy server. */
export class TransferFault extends Error {
  override name = 'TransferFault';
  /** What the server asked for, where it did; ms. */
  readonly waitMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { waitMs?: number | undefined } = {}) {
    super(message, options);
    this.waitMs = options.waitMs;
  }
}

/** What no further try mends: an address that may not be used, a file that is not there or not the expected one. */
export class TransferRefusal extends Error {
  override name = 'TransferRefusal';
}

/** The error for the user: one line with the address, what came, and what mends it; others as they are. */
export function explainFault(error: NodeJS.ErrnoException, url: string, path: string): Error {
  const { code = '', message } = error;
  const byHand = `or put the file at ${path}`;
  if (error instanceof TransferFault)
    return new StorageError(
      `Could not download ${url}: ${message}. Check the network (HTTPS_PROXY and NO_PROXY are honoured) and start again, which continues it, ${byHand}.`,
      { cause: error },
    );
  if (error instanceof TransferRefusal)
    return new StorageError(`Could not download ${url}: ${message}. Try later, ${byHand}.`, { cause: error });
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
    return new StorageError(
      `Expected space for ${path}, received: ${systemErrorText(error)}; free some and start again, which continues the download, or name another place with CHORUS_CACHE.`,
      { cause: error },
    );
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR'].includes(code))
    return new StorageError(
      `Expected to read and write ${path}, received: ${systemErrorText(error)}; name another place with CHORUS_CACHE.`,
      {
        cause: error,
      },
    );
  return error;
}
