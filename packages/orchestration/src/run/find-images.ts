/** What a user names on the command line to be classified: files, folders, patterns, addresses and the standard input. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { isBadImage, listImages, type SkippedImage } from '@chorus/data';
import { glob, isDynamicPattern } from 'tinyglobby';
import { ConfigError } from '../errors.ts';
import type { ImageInput } from './image-input.ts';

export interface FoundImages {
  /** In the order of the words; files of a folder or pattern sorted by their paths. */
  inputs: ImageInput[];
  /** What lies in the named folders and is not classified. */
  passedOver: SkippedImage[];
}

/**
 * Finds the images that words stand for.
 *
 * `-` is one image from `stdin`; what begins with `http://` or `https://` is an address; a path that exists is that file
 * or folder, whatever characters it has; what else has characters of a pattern (`*`, `?`, `[…]`, `{…}`) is one. A word that
 * leads to nothing is an input that will be reported.
 *
 * @param base the folder that relative paths start from.
 * @throws ConfigError when the standard input is named and cannot be read.
 */
export async function findImages(
  words: readonly string[],
  { base, stdin }: { base: string; stdin?: (AsyncIterable<Uint8Array> & { isTTY?: boolean }) | undefined },
): Promise<FoundImages> {
  if (words.filter((word) => word === '-').length > 1)
    throw new ConfigError('Expected "-" once, as the standard input is one image.');
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
    throw new ConfigError('Expected an image on the standard input for "-", received a terminal; pipe one in.');
  return { kind: 'stream', name: '-', stream: stdin };
}

async function findPaths(word: string, base: string, found: FoundImages): Promise<void> {
  const path = resolve(base, word);
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) await findInFolder(path, found);
  // Also what is not there: decoding reports it, as it reports a file that cannot be read.
  else if (stats !== undefined || !isDynamicPattern(word)) found.inputs.push({ kind: 'file', path });
  else await findByPattern(word, base, found);
}

async function findInFolder(path: string, { inputs, passedOver }: FoundImages): Promise<void> {
  const { files, skipped } = await listImages(path);
  for (const file of files) inputs.push({ kind: 'file', path: file.path });
  if (files.length === 0) inputs.push({ kind: 'missing', name: path, reason: 'no images in this folder' });
  // What claims to be an image and cannot be one is reported as a bad image is.
  for (const entry of skipped)
    if (isBadImage(entry)) inputs.push({ kind: 'missing', name: entry.path, reason: entry.reason });
    else passedOver.push(entry);
}

async function findByPattern(pattern: string, base: string, found: FoundImages): Promise<void> {
  // The library resolves patterns against a folder.
  const from = isAbsolute(pattern) ? '/' : await realpath(base);
  const relativePattern = isAbsolute(pattern) ? relative('/', pattern) : pattern;
  // A link that matches is followed, as by a shell; below "**" links could go round in circles.
  const followSymbolicLinks = !pattern.includes('**');
  const options = { cwd: from, absolute: true, expandDirectories: false, followSymbolicLinks };
  const files = await glob(relativePattern, { ...options, onlyFiles: true });
  // As a shell does, folders that match are taken whole; "**" names their files already.
  const folders = pattern.includes('**') ? [] : await glob(relativePattern, { ...options, onlyDirectories: true });
  if (files.length + folders.length === 0)
    found.inputs.push({ kind: 'missing', name: pattern, reason: 'no file has this name or matches this pattern' });
  for (const path of [...files, ...folders].toSorted()) {
    if (folders.includes(path)) await findInFolder(resolve(path), found);
    else found.inputs.push({ kind: 'file', path: resolve(path) });
  }
}
