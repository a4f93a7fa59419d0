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
export async function readRegularFile(path: string, options: { maxBytes: number }): Promise<Buffer> {
  const { maxBytes } = options;
  return withRegularFile(path, async (file, size) => {
    if (size > maxBytes) throw new UnreadableFileError(path, `its size is ${size} bytes, expected at most ${maxBytes}`);
    const content = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(content, length, Math.min(size - length, pieceBytes), length);
      if (bytesRead === 0) throw new UnreadableFileError(path, 'it was truncated while it was being read');
      length += bytesRead;
    }
    return content;
  });
}

/**
 * Reads a regular file in chunks, in order, up to the size that it had when it was opened.
 *
 * @throws UnreadableFileError as {@link readRegularFile}.
 */
export async function readInPieces(path: string, take: (piece: Uint8Array) => void): Promise<void> {
  await withRegularFile(path, async (file, size) => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, 2 ** 20));
    for (let position = 0; position < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - position), position);
      if (bytesRead === 0) return;
      take(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  });
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
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new UnreadableFileError(path, systemErrorText(error), { code, cause: error });
  }
}

// --- internal ---

/** Node rejects a single read of 2 GiB or more. */
const pieceBytes = 2 ** 28;

async function withRegularFile<T>(path: string, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  return reading(path, async () => {
    // Checked before opening, because opening a device may have side effects.
    requireRegular(path, await stat(path));
    // The path may have changed since then: opens without blocking, and checks the handle again.
    const file = await withFreeFile(path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const stats = await file.stat();
      requireRegular(path, stats);
      return await use(file, stats.size);
    } finally {
      await file.close();
    }
  });
}

function requireRegular(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new UnreadableFileError(path, `${kindOf(stats)} instead of a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
