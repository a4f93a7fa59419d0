/** What an entry of a folder is: by its name, by its kind, and by its first bytes where its name does not say. */

import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import { sniffFormat } from './decode-format.ts';

/** Endings that claim an image; whether it is one is decided by its content, when it is decoded. */
const imageEndings = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?|heic|heif|bmp|jxl)$/i;

/** Bytes that tell a format; an SVG may begin with a comment. */
const headBytes = 1024;

export function hasImageEnding(name: string): boolean {
  return imageEndings.test(name);
}

/** What something is that is no plain file, for the reason why it is skipped. */
export function describeKind(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder, not an image';
  if (stats.isFIFO()) return 'a named pipe, not an image';
  return stats.isSocket() ? 'a socket, not an image' : 'a device, not an image';
}

/** What a plain file is by its first bytes; `isImage` also for images that are not accepted. */
export type FileContent = { isAccepted: true } | { isAccepted: false; isImage: boolean; reason: string };

/** Reads the first bytes of a plain file: whether it would be decoded as an image, whatever its name. */
export async function contentOf(path: string): Promise<FileContent> {
  let head: Uint8Array;
  try {
    head = await readHead(path);
  } catch (error) {
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
  // A tar's mark stands behind its first file's name.
  if (text.startsWith('ustar', 257)) return 'tar';
  return Object.keys(archives).find((name) => archives[name]!.some((start) => text.startsWith(start)));
}

/** It may draw its icons in SVG. */
function isWebPage(head: Uint8Array): boolean {
  return /<html[\s>]|<!doctype html/i.test(Buffer.from(head).toString('latin1'));
}

async function readHead(path: string): Promise<Uint8Array> {
  // What lies there may be a pipe by now, which must not wait for its writer.
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
