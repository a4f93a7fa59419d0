/** Opens only regular files: opening a named pipe blocks, and a device may be endless or opening it may have side effects. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { StorageError } from './errors.ts';
import { withFreeFile } from './open-files.ts';
import { systemErrorText } from './system-error.ts';

/** The path is not a regular file, or the file is too large or unreadable. */
export class UnreadableFileError extends StorageError {
  /** Describes the problem, for messages: `a named pipe instead of a regular file`. */
  readonly received: string;
  /** The file system's code, such as `ENOENT`. */
  readonly code: string | undefined;

  constructor(path: string, received: string, options: { code?: string | undefined; cause?: unknown } = {}) {
    super(`Cannot read ${path}: ${received}.`, { cause: options.cause });
    this.received = received;
    this.code = options.code;
  }
}

/**
 * Reads a whole regular file; follows links.
 *
 * @param options `maxBytes`: a larger file is rejected before it is read.
 * @throws UnreadableFileError naming the path and the problem: no such file, a folder, a named pipe, a device, too many bytes.
 */
export async function readRegularFile(path: string, { maxBytes }: { maxBytes: number }): Promise<Buffer> {
  const { file, size } = await openRegularFile(path);
  try {
    requireSize(path, size, maxBytes);
    const content = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(content, length, Math.min(size - length, pieceBytes), length);
      if (bytesRead === 0) throw new UnreadableFileError(path, 'it was truncated while it was being read');
      length += bytesRead;
    }
    return content;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file.close();
  }
}

/**
 * Reads a regular file in chunks of at most 1 MiB, in order, up to the size that it had when it was opened.
 *
 * @param options `maxBytes`: a larger file is rejected before it is read; any size by default.
 * @throws UnreadableFileError as {@link readRegularFile}.
 * @example
 * for await (const chunk of readInChunks('run/predictions.csv')) hash.update(chunk);
 */
export async function* readInChunks(
  path: string,
  { maxBytes = Number.POSITIVE_INFINITY }: { maxBytes?: number } = {},
): AsyncGenerator<Uint8Array, void> {
  const { file, size } = await openRegularFile(path);
  try {
    requireSize(path, size, maxBytes);
    for (let position = 0; position < size; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(size - position, 2 ** 20));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file.close();
  }
}

/**
 * Opens a regular file for reading; the caller closes it.
 *
 * @throws UnreadableFileError as {@link readRegularFile}.
 */
export async function openRegularFile(path: string): Promise<{ file: FileHandle; size: number }> {
  try {
    // Checked before opening, because opening a device may have side effects.
    requireRegular(path, await stat(path));
    // The path may have changed since then: opens without blocking, and checks the handle again.
    const file = await withFreeFile(path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const stats = await file.stat();
      requireRegular(path, stats);
      return { file, size: stats.size };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Runs a function that reads a file or folder.
 *
 * @throws UnreadableFileError instead of a file system's error.
 */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

// --- internal ---

/** Node rejects a single read of 2 GiB or more. */
const pieceBytes = 2 ** 28;

/** An error of the file system with the path in words; any other error as it is. */
function unreadable(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  return new UnreadableFileError(path, systemErrorText(error), { code, cause: error });
}

function requireSize(path: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw new UnreadableFileError(path, `its size is ${size} bytes, expected at most ${maxBytes}`);
}

function requireRegular(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new UnreadableFileError(path, `${kindOf(stats)} instead of a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
