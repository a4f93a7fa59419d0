/** Errors of a download; each message completes a sentence that names the URL. */
import { StorageError } from '../errors.ts';
import { systemErrorFix, systemErrorText } from '../system-error.ts';
import { withoutCredentials } from './without-credentials.ts';

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
export function explainFault(error: NodeJS.ErrnoException, source: string, path: string): Error {
  const url = withoutCredentials(source);
  const { code = '', message } = error;
  const byHand = `or put the file at ${path}`;
  if (error instanceof TransferFault)
    return new StorageError(
      `Could not download ${url}: ${message}. Check the network connection (HTTPS_PROXY and NO_PROXY apply) and run the command again to resume the download, ${byHand}.`,
      { cause: error },
    );
  if (error instanceof TransferRefusal)
    return new StorageError(`Could not download ${url}: ${message}. Try again later, ${byHand}.`, { cause: error });
  const fix = systemErrorFix(error);
  if (fix !== undefined) {
    const isWrite = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
    const otherDisk = ['ENOSPC', 'EDQUOT', 'EIO'].includes(code) ? ', or set CHORUS_CACHE to another folder' : '';
    return new StorageError(
      `Cannot ${isWrite ? 'write' : 'read or write'} ${path}: ${systemErrorText(error)}. ${fix[0]!.toUpperCase()}${fix.slice(1)} and run the command again to resume the download${otherDisk}.`,
      { cause: error },
    );
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR'].includes(code))
    return new StorageError(
      `Cannot read or write ${path}: ${systemErrorText(error)}. Set CHORUS_CACHE to another folder.`,
      {
        cause: error,
      },
    );
  return error;
}
