/** Errors of a download; each message is the end of a sentence that begins with the URL. */
import { StorageError } from '../errors.ts';
import { systemErrorText } from '../system-error.ts';

/** A failure that a retry may resolve, such as a broken connection or a busy server. */
export class TransferFault extends Error {
  override name = 'TransferFault';
  /** The delay that the server requested, if any, in ms. */
  readonly waitMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { waitMs?: number | undefined } = {}) {
    super(message, options);
    this.waitMs = options.waitMs;
  }
}

/** A failure that no retry resolves, such as a forbidden URL, or a missing or unexpected file. */
export class TransferRefusal extends Error {
  override name = 'TransferRefusal';
}

/** Converts an error to one line for the user (URL, cause, remedy); returns unrelated errors unchanged. */
export function explainFault(error: NodeJS.ErrnoException, url: string, path: string): Error {
  const { code = '', message } = error;
  const byHand = `or put the file at ${path}`;
  if (error instanceof TransferFault)
    return new StorageError(
      `Could not download ${url}: ${message}. Check the network (HTTPS_PROXY and NO_PROXY are honored) and run the command again, which resumes the download, ${byHand}.`,
      { cause: error },
    );
  if (error instanceof TransferRefusal)
    return new StorageError(`Could not download ${url}: ${message}. Try later, ${byHand}.`, { cause: error });
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
    return new StorageError(
      `Expected space for ${path}, received: ${systemErrorText(error)}; free some and run the command again, which resumes the download, or set CHORUS_CACHE to another folder.`,
      { cause: error },
    );
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR'].includes(code))
    return new StorageError(
      `Expected to read and write ${path}, received: ${systemErrorText(error)}; set CHORUS_CACHE to another folder.`,
      {
        cause: error,
      },
    );
  return error;
}
