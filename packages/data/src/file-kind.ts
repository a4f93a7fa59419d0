/** Classifies a folder's entries by name, by file type and, for other names, by their first bytes. */

import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { TooManyOpenFilesError, withFreeFile } from '@chorus/storage';
import { systemErrorText } from '@chorus/storage/system-error';
import { sniffFormat } from './decode-format.ts';

/** File name extensions of images; the content decides when the file is decoded. */
const imageEndings = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?|heic|heif|bmp|jxl)$/i;

/** Bytes needed to detect a format; an SVG may begin with a comment. */
const headBytes = 1024;

export function hasImageEnding(name: string): boolean {
  return imageEndings.test(name);
}

/** Describes an entry that is not a regular file, as the reason for skipping it. */
export function describeKind(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder, not an image';
  if (stats.isFIFO()) return 'a named pipe, not an image';
  return stats.isSocket() ? 'a socket, not an image' : 'a device, not an image';
}

/** The detected content of a regular file; `isImage` is also true for image formats that are not accepted. */
export type FileContent = { isAccepted: true } | { isAccepted: false; isImage: boolean; reason: string };

/**
 * Reads the first bytes of a regular file and decides whether it is decoded as an image, regardless of its name.
 *
 * @throws TooManyOpenFilesError when too many files stay open.
 */
export async function contentOf(path: string): Promise<FileContent> {
  let head: Uint8Array;
  try {
    head = await withFreeFile(path, () => readHead(path));
  } catch (error) {
    if (error instanceof TooManyOpenFilesError) throw error;
    return { isAccepted: false, isImage: false, reason: `cannot be read: ${systemErrorText(error)}` };
  }
  if (head.length === 0) return { isAccepted: false, isImage: false, reason: 'an empty file' };
  const format = sniffFormat(head);
  if ('accepted' in format) return { isAccepted: true };
  if (format.refused !== null && format.refused !== 'pdf' && !isWebPage(head))
    return { isAccepted: false, isImage: true, reason: format.reason };
  const archive = archiveOf(head);
  return {
    isAccepted: false,
    isImage: false,
    reason: archive === undefined ? 'not an image' : `an archive (${archive}); unpack it to use its images`,
  };
}

// --- internal ---

/** Latin-1 bytes at the start of a file. */
const archives: Readonly<Record<string, readonly string[]>> = {
  zip: ['PK\x03\x04', 'PK\x05\x06'],
  gzip: ['\x1f\x8b'],
  bzip2: ['BZh'],
  xz: ['\xfd7zXZ\0'],
  zstd: ['\x28\xb5\x2f\xfd'],
  '7z': ['7z\xbc\xaf\x27\x1c'],
  rar: ['Rar!\x1a\x07'],
};

function archiveOf(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1');
  // In a tar archive the signature follows the name of the first file.
  if (text.startsWith('ustar', 257)) return 'tar';
  return Object.keys(archives).find((name) => archives[name]!.some((start) => text.startsWith(start)));
}

/** A web page may contain inline SVG. */
function isWebPage(head: Uint8Array): boolean {
  return /<html[\s>]|<!doctype html/i.test(Buffer.from(head).toString('latin1'));
}

async function readHead(path: string): Promise<Uint8Array> {
  // The entry may have become a pipe since then: opens without blocking.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return new Uint8Array();
    const head = Buffer.allocUnsafe(headBytes);
    let length = 0;
    while (length < headBytes) {
      const { bytesRead } = await file.read(head, length, headBytes - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return head.subarray(0, length);
  } finally {
    await file.close();
  }
}
