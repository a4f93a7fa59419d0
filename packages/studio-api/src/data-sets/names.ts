/** Names that a page sends, made safe for any file system. */
import { isAbsolute, normalize } from 'node:path';
import { displayName, isHiddenEntry, normalizeName } from '@chorus/data';
import { badRequest } from '@chorus/server/http';

/** Bytes of a name in UTF-8, at most; file systems take 255. */
const maxNameBytes = 200;

/** Separators of paths, characters that Windows refuses, and those without a visible form of their own. */
const unsafe = /[\\/:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * The name of a new class or data set, which becomes a folder.
 *
 * @param what for messages.
 * @throws RequestError for a name that cannot be that of a visible folder on every system.
 */
export function folderName(name: string, what: 'class' | 'data set'): string {
  const normalized = normalizeName(name).trim();
  const refuse = (expected: string) =>
    badRequest(`Expected a name of a ${what} ${expected}, received "${displayName(name.slice(0, 80))}".`);
  if (normalized === '') throw refuse('with at least one letter');
  if (normalized.replace(unsafe, '') !== normalized)
    throw refuse(String.raw`without \ / : * ? " < > | and control characters`);
  if (normalized.endsWith('.')) throw refuse('that does not end with a dot');
  if (isHiddenEntry(normalized)) throw refuse('that is not hidden');
  if (Buffer.byteLength(normalized) > maxNameBytes) throw refuse(`of at most ${maxNameBytes} bytes`);
  return normalized;
}

/**
 * The name of a new image file: the last part of what was sent, without its ending, in safe characters, and the ending of its
 * format.
 *
 * @param ending with its dot.
 */
export function imageFileName(name: string, ending: string): string {
  const last = normalizeName(name).split(/[\\/]/).at(-1)!;
  const stem = last
    .replace(/\.[^.]*$/, '')
    .replace(unsafe, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const visible = stem === '' || isHiddenEntry(stem + ending) ? 'image' : stem;
  return `${shortened(visible, maxNameBytes - ending.length)}${ending}`;
}

/** A variant of a file's name: `cat.jpg`, `cat-2.jpg`, `cat-3.jpg` … */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(name)!;
  return `${stem}-${number}${ending ?? ''}`;
}

/** Whether a relative path does not lead out of its folder. */
export function isInside(path: string): boolean {
  return !path.includes('\0') && !isAbsolute(path) && !/^\.\.([\\/]|$)/.test(normalize(path));
}

// --- internal ---

/** Cuts after a whole character. */
function shortened(text: string, maxBytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > maxBytes) cut = Array.from(cut).slice(0, -1).join('');
  return cut;
}
