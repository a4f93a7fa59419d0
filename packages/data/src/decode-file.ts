/** Reads regular files only, and only as many bytes as they had when they were listed. */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { isTooManyOpenFiles } from '@chorus/storage';
import { systemErrorText } from '@chorus/storage/system-error';
import { describeKind } from './file-kind.ts';

/** The size and modification time of a file when it was listed. */
export interface FileStamp {
  sizeBytes: number;
  /** Modification time, milliseconds since 1970, with a fraction. */
  mtimeMs: number;
}

/** Larger files are rejected without being read; 100 million 16-bit pixels with poor compression still fit. */
const maxFileBytes = 512 * 2 ** 20;

/**
 * Reads an image file; never blocks on a pipe or opens a device.
 *
 * @param listed the file is rejected when its size or modification time differs.
 * @throws Error whose message says why the file was not read; the file system's error when too many files are open, since that says
 * nothing about the file.
 */
export async function readImageFile(path: string, listed: Partial<FileStamp> = {}): Promise<Uint8Array> {
  try {
    // Checked before opening: opening a device may have side effects.
    requirePlain(await stat(path));
    // The entry may have been replaced since then: opens without blocking on a pipe, then checks the open file.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      requirePlain(stats);
      const { sizeBytes = stats.size, mtimeMs = stats.mtimeMs } = listed;
      if (stats.size !== sizeBytes || stats.mtimeMs !== mtimeMs) throw new Error('changed since it was listed');
      if (stats.size === 0) throw new Error('not an image: the file is empty');
      if (stats.size > maxFileBytes)
        throw new Error(`too large: ${stats.size} bytes, expected at most ${maxFileBytes}`);
      return await readExactly(file, stats.size);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isTooManyOpenFiles(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`cannot be read: ${systemErrorText(error)}`, { cause: error });
  }
}

// --- internal ---

function requirePlain(stats: Stats): void {
  if (!stats.isFile()) throw new Error(describeKind(stats));
}

/** Reads at most `size` bytes: a file that keeps growing would never end. */
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
