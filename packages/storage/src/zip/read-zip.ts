/** Reads untrusted zip files: validates all names and sizes before unpacking anything. */
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { StorageError } from '../errors.ts';
import { openRegularFile } from '../regular-file.ts';
import { systemErrorText } from '../system-error.ts';
import { nameKey, whyUnsafe } from './entry-name.ts';

export interface ZipLimits {
  /** Maximum number of files and folders. */
  entryCount: number;
  /** Maximum unpacked size of all files together. */
  bytes: number;
  /** Maximum ratio of the unpacked size to the archive's size. */
  ratio: number;
}

/** A file of an archive. */
export interface ZipEntry {
  /** A safe relative path with `/` separators. */
  name: string;
  /** Unpacked size. */
  bytes: number;
}

/**
 * Calls `visit` for each file of an archive, in archive order.
 *
 * @param visit must read `content` to the end or not at all; damage is detected at the end.
 * @throws StorageError when the archive is not a regular file, is unreadable or damaged, exceeds the limits, or has unsafe
 * names, duplicate names, names used for both a file and a folder, links or encrypted files; any error of `visit`.
 */
export async function readZip(
  archivePath: string,
  limits: ZipLimits,
  visit: (entry: ZipEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const { file, size } = await openRegularFile(archivePath);
  try {
    const zip = await fromFdPromise(file.fd, { lazyEntries: true, autoClose: false, strictFileNames: true }).catch(
      (error: Error) => {
        throw damaged(archivePath, error);
      },
    );
    const files = await listFiles(zip, archivePath, limits, size);
    for (const entry of files)
      await visit({ name: entry.fileName, bytes: entry.uncompressedSize }, contentOf(zip, entry, archivePath));
  } finally {
    await file.close();
  }
}

// --- internal ---

async function listFiles(zip: ZipFile, archivePath: string, limits: ZipLimits, archiveBytes: number): Promise<Entry[]> {
  const refuse = (expected: string, received: string | number): StorageError =>
    new StorageError(`Expected ${expected} in ${archivePath}, received ${received}.`);
  if (zip.entryCount > limits.entryCount)
    throw refuse(`at most ${limits.entryCount} files and folders`, `${zip.entryCount}`);
  const longestBytes = Math.min(limits.bytes, limits.ratio * archiveBytes);
  const files: Entry[] = [];
  const seen = new Map<string, 'file' | 'folder'>();
  let bytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName;
      const quoted = JSON.stringify(name);
      const why = whyUnsafe(name);
      if (why !== undefined) throw refuse('safe names', `${quoted}: ${why}`);
      const kind = kindOf(entry);
      if (kind === 'other') throw refuse('only files and folders', `${quoted}, a link or a device`);
      if (!note(seen, name, kind)) throw refuse('unique names', `${quoted}, which conflicts with an earlier entry`);
      if (kind === 'folder') continue;
      if (!entry.canDecodeFileData())
        throw refuse('plain or deflated files', `${quoted}, which is encrypted or compressed by another method`);
      bytes += entry.uncompressedSize;
      if (!(bytes <= longestBytes)) throw refuse(`at most ${longestBytes} unpacked bytes`, 'more');
      files.push(entry);
    }
  } catch (error) {
    throw error instanceof StorageError ? error : damaged(archivePath, error as Error);
  }
  return files;
}

/** Determines the kind from the name and, if the archive was created on Unix, from the mode. */
function kindOf(entry: Entry): 'file' | 'folder' | 'other' {
  const byName = entry.fileName.endsWith('/') ? 'folder' : 'file';
  const madeOnUnix = entry.versionMadeBy >> 8 === 3;
  const type = madeOnUnix ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0;
  if (type === 0) return byName;
  return type === (byName === 'folder' ? 0o040000 : 0o100000) ? byName : 'other';
}

/** Records a name; returns false if it is a duplicate, or a file that another name uses as a folder. */
function note(seen: Map<string, 'file' | 'folder'>, name: string, kind: 'file' | 'folder'): boolean {
  const parts = nameKey(kind === 'folder' ? name.slice(0, -1) : name).split('/');
  for (let count = 1; count < parts.length; count += 1) {
    const parent = parts.slice(0, count).join('/');
    if (seen.get(parent) === 'file') return false;
    seen.set(parent, 'folder');
  }
  const whole = parts.join('/');
  const earlier = seen.get(whole);
  // A folder may be listed after its files, but a file must not reuse a folder's name.
  if (earlier !== undefined && (earlier === 'file' || kind === 'file')) return false;
  seen.set(whole, kind);
  return true;
}

/** Yields the content of an entry and verifies its checksum; the zip reader verifies only the size. */
async function* contentOf(zip: ZipFile, entry: Entry, archivePath: string): AsyncGenerator<Uint8Array> {
  let checksum = 0;
  try {
    const stream: Readable = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    throw damaged(archivePath, error as Error, entry.fileName);
  }
  if (checksum !== entry.crc32)
    throw damaged(
      archivePath,
      new Error(`expected CRC-32 ${hex(entry.crc32)}, received ${hex(checksum)}`),
      entry.fileName,
    );
}

function damaged(archivePath: string, error: Error, name?: string): StorageError {
  const where = name === undefined ? archivePath : `${JSON.stringify(name)} in ${archivePath}`;
  // Some of the zip reader's messages are whole sentences.
  return new StorageError(`Cannot unzip ${where}: ${systemErrorText(error).replace(/\.$/, '')}.`);
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
