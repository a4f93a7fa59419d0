import { systemErrorReason } from './system-error.ts';

/** An error that the user can fix: a file or folder is missing, damaged, in use, or already exists. */
export class StorageError extends Error {
  override name = 'StorageError';
}

/** A file or folder cannot be opened, because too many files stay open. The message names the path and the limit to raise. */
export class TooManyOpenFilesError extends StorageError {
  /** @param cause the file system's error. */
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`Cannot open ${path}: ${systemErrorReason(cause)}.`, { cause });
  }
}

/** A file or folder cannot be written, for example on a full disk. The message names the path, the reason and what fixes it. */
export class UnwritableError extends StorageError {
  /** The file system's code, such as `ENOSPC`. */
  readonly code: string | undefined;
  /** The system call that failed. */
  readonly syscall: string | undefined;

  /** @param cause the file system's error. */
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`Cannot write ${path}: ${systemErrorReason(cause)}.`, { cause });
    this.code = cause.code;
    this.syscall = cause.syscall;
  }
}

/**
 * Runs a function that writes to a file or folder.
 *
 * @param path named in the message.
 * @throws UnwritableError instead of a file system's error.
 */
export async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof TooManyOpenFilesError) throw new UnwritableError(path, error.cause as NodeJS.ErrnoException);
    if (error instanceof StorageError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UnwritableError(path, error as NodeJS.ErrnoException);
  }
}
