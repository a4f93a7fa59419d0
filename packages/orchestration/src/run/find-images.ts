/** Resolves command-line arguments to images: files, folders, glob patterns, URLs and standard input. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { isBadImage, listImages, type SkippedImage } from '@chorus/data';
import { withoutCredentials } from '@chorus/storage';
import { glob, isDynamicPattern } from 'tinyglobby';
import { ConfigError } from '../errors.ts';
import type { ImageInput } from './image-input.ts';

export interface FoundImages {
  /** In the order of the arguments; the files of a folder or pattern are sorted by path. */
  inputs: ImageInput[];
  /** Entries of the given folders that are not classified. */
  passedOver: SkippedImage[];
}

/**
 * Finds the images that command-line arguments refer to.
 *
 * `-` is one image from `stdin`. An argument that begins with `http://` or `https://` is a URL. An existing path is that file
 * or folder, even if it contains pattern characters. Any other argument that contains `*`, `?`, `[…]` or `{…}` is a glob
 * pattern. An argument without a match becomes an input that is reported as missing.
 *
 * @param words the arguments.
 * @param base the folder that relative paths start from.
 * @throws ConfigError when `-` is given more than once, or standard input is a terminal.
 */
export async function findImages(
  words: readonly string[],
  { base, stdin }: { base: string; stdin?: (AsyncIterable<Uint8Array> & { isTTY?: boolean }) | undefined },
): Promise<FoundImages> {
  if (words.filter((word) => word === '-').length > 1)
    throw new ConfigError('Expected "-" at most once: standard input is one image.');
  const found: FoundImages = { inputs: [], passedOver: [] };
  for (const word of words) {
    if (word === '-') found.inputs.push(standardInput(stdin));
    else if (/^https?:\/\//i.test(word)) found.inputs.push({ kind: 'url', url: word });
    else await findPaths(word, base, found);
  }
  return found;
}

// --- internal ---

function standardInput(stdin: Parameters<typeof findImages>[1]['stdin']): ImageInput {
  if (stdin === undefined || stdin.isTTY)
    throw new ConfigError(
      'Expected an image on standard input for "-", received a terminal; pipe an image to the command.',
    );
  return { kind: 'stream', name: '-', stream: stdin };
}

async function findPaths(word: string, base: string, found: FoundImages): Promise<void> {
  const path = resolve(base, word);
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) await findInFolder(path, found);
  else if (stats === undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(word))
    found.inputs.push({ kind: 'missing', name: withoutCredentials(word), reason: 'not an http:// or https:// URL' });
  // Decoding reports a missing file, as it does an unreadable one.
  else if (stats !== undefined || !isDynamicPattern(word)) found.inputs.push({ kind: 'file', path });
  else await findByPattern(word, base, found);
}

async function findInFolder(path: string, { inputs, passedOver }: FoundImages): Promise<void> {
  const { files, skipped } = await listImages(path);
  for (const file of files) inputs.push({ kind: 'file', path: file.path });
  if (files.length === 0) inputs.push({ kind: 'missing', name: path, reason: 'no images in this folder' });
  // Entries that should be images but cannot be read are reported like bad images.
  for (const entry of skipped)
    if (isBadImage(entry)) inputs.push({ kind: 'missing', name: entry.path, reason: entry.reason });
    else passedOver.push(entry);
}

async function findByPattern(pattern: string, base: string, found: FoundImages): Promise<void> {
  // tinyglobby resolves patterns against a folder.
  const from = isAbsolute(pattern) ? '/' : await realpath(base);
  const relativePattern = isAbsolute(pattern) ? relative('/', pattern) : pattern;
  // Follows matching links, as a shell does, but not with "**", where links could form a cycle.
  const followSymbolicLinks = !pattern.includes('**');
  const options = { cwd: from, absolute: true, expandDirectories: false, followSymbolicLinks };
  const files = await glob(relativePattern, { ...options, onlyFiles: true });
  // Matching folders stand for all of their images; with "**", the files match already.
  const folders = pattern.includes('**') ? [] : await glob(relativePattern, { ...options, onlyDirectories: true });
  if (files.length + folders.length === 0)
    found.inputs.push({ kind: 'missing', name: pattern, reason: 'no file matches this name or pattern' });
  for (const path of [...files, ...folders].toSorted()) {
    if (folders.includes(path)) await findInFolder(resolve(path), found);
    else found.inputs.push({ kind: 'file', path: resolve(path) });
  }
}
