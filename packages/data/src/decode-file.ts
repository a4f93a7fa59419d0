/** A file's bytes, of a plain file only, and only as many as it had when it was listed. */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import { describeKind } from './file-kind.ts';

/** What a file was when it was listed. */
export interface FileStamp {
  sizeBytes: number;
  /** Last change, milliseconds since 1970, with a fraction. */
  mtimeMs: number;
}

/** Larger files are refused before they are read; 100 million pixels of 16 bit, hardly compressed, still fit. */
const maxFileBytes = 512 * 2 ** 20;

/**
 * Reads a file that shall be an image; waits for no pipe and opens no device.
 *
 * @param listed the file is refused when it is no longer that.
 * @throws Error of which the message says why it was not read.
 */
export async function readImageFile(path: string, listed: Partial<FileStamp> = {}): Promise<Uint8Array> {
  try {
    // Before it is opened: to open a device may already do something to it.
    requirePlain(await stat(path));
    // What lies there may be another thing by now: a pipe must not wait for its writer, and the rest asks the handle.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      requirePlain(stats);
      const { sizeBytes = stats.size, mtimeMs = stats.mtimeMs } = listed;
      if (stats.size !== sizeBytes || stats.mtimeMs !== mtimeMs) throw new Error('changed since it was listed');
      if (stats.size === 0) throw new Error('not an image: the file is empty');
      if (stats.size > maxFileBytes)
        throw new Error(`too large: ${stats.size} bytes, at most ${maxFileBytes} are read`);
      return await readExactly(file, stats.size);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`cannot be read: ${systemErrorText(error)}`, { cause: error });
  }
}

// --- internal ---

function requirePlain(stats: Stats): void {
  if (!stats.isFile()) throw new Error(`not a plain file: ${describeKind(stats)}`);
}

/** Not to the end: a file that grows is read for ever. */
async function readExactly(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) throw new Error('changed while it was read');
    length += bytesRead;
  }
  return bytes;
}
