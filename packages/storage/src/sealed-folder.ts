/**
 * Sealed folders: files and their `SHA256SUMS` (the format of `sha256sum -c`), published by a single rename. Members and
 * bundles are sealed folders.
 */
import { link, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256, sha256File } from './checksum.ts';
import { isInside, parseChecksumLine, checksumListName as sumsName } from './checksum-list.ts';
import { StorageError } from './errors.ts';
import { withFreeFile } from './open-files.ts';
import { publishFolder, waitWhileReplaced } from './publish.ts';
import { reading, readRegularFile, UnreadableFileError } from './regular-file.ts';
import { isSystemFile } from './system-file.ts';

/** Maximum size of a file in a sealed folder; the members of a bundle are far smaller. */
const maxFileBytes = 2 ** 31;

/** Enough for 100,000 files with long names. */
const maxSumsBytes = 16 * 2 ** 20;

/** A file that already exists elsewhere, with its content. */
export interface ExistingFile {
  path: string;
  content: Uint8Array;
}

/** The content of a file, or a function that returns it once it is written. */
export type SealedFile = Uint8Array | string | ExistingFile | (() => Uint8Array);

/**
 * Publishes files as a sealed folder. An {@link ExistingFile} becomes a hard link, so that the disk stores it once; if
 * the file system does not support hard links, or the existing file has changed, its content is written instead.
 *
 * @param files name inside the folder (with `/` between folders) → content.
 * @throws as `publishFolder`.
 */
export async function sealFolder(
  target: string,
  files: Readonly<Record<string, SealedFile>>,
  options: { replace?: boolean } = {},
): Promise<void> {
  const names = Object.keys(files);
  for (const name of names) assertInside(name, target);
  await publishFolder(
    target,
    async (temporary) => {
      const sums: string[] = [];
      for (const name of names) {
        const file = files[name]!;
        const content = contentOf(file);
        const sum = sha256(content);
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        if (!isExisting(file) || !(await linkIfEqual(file.path, sum, join(temporary, name))))
          await withFreeFile(target, () => writeFile(join(temporary, name), content));
        sums.push(`${sum}  ${name}\n`);
      }
      await withFreeFile(target, () => writeFile(join(temporary, sumsName), sums.join('')));
    },
    options,
  );
}

/**
 * Opens a sealed folder: reads `SHA256SUMS` and every file that it lists, and verifies each checksum. If the folder is replaced
 * meanwhile, the result is either the old content or the new one.
 *
 * @returns the content of every file by name.
 * @throws StorageError naming the file, the expected and the actual content; also for a path outside the folder, a link,
 * or a file that `SHA256SUMS` does not list. Files that operating systems create ({@link isSystemFile}) are ignored.
 */
export async function openSealedFolder(folder: string): Promise<Map<string, Uint8Array>> {
  for (let attempt = 1; ; attempt += 1) {
    let sums: Buffer | undefined;
    try {
      sums = await readSums(folder);
      return await readListed(folder, sums);
    } catch (error) {
      if (attempt === maxAttempts || !(await hasChanged(folder, sums))) throw error;
    }
  }
}

/**
 * Returns the names of a sealed folder's files, including `SHA256SUMS`. Reads only that list and skips its damaged lines: use
 * the names to delete a folder, not to trust one.
 */
export async function sealedFileNames(folder: string): Promise<Set<string>> {
  const sums = await readRegularFile(join(folder, sumsName), { maxBytes: maxSumsBytes }).catch(() => '');
  const names = sums
    .toString()
    .split('\n')
    .flatMap((line) => parseChecksumLine(line)?.name ?? []);
  return new Set([...names, sumsName]);
}

// --- internal ---

/** For a folder that is replaced again and again. */
const maxAttempts = 20;

async function readSums(folder: string): Promise<Buffer> {
  return readRegularFile(join(folder, sumsName), { maxBytes: maxSumsBytes }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new StorageError(`Expected a folder with ${sumsName} at ${folder}: ${error.received}.`);
  });
}

/** Whether the folder has another list of checksums than before, or one at last. */
async function hasChanged(folder: string, before: Buffer | undefined): Promise<boolean> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await waitWhileReplaced(folder);
    const now = await readSums(folder).catch(() => undefined);
    if (now !== undefined) return before === undefined || !now.equals(before);
  }
  return false;
}

async function readListed(folder: string, sums: Buffer): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const lines = sums.toString().split('\n');
  for (const line of lines.filter((text) => text !== '')) {
    const listed = parseChecksumLine(line);
    if (listed === undefined)
      throw new StorageError(
        `${join(folder, sumsName)}: expected "<sha256>  <name>", received ${JSON.stringify(line.slice(0, 80))}.`,
      );
    assertInside(listed.name, folder);
    files.set(listed.name, await readChecked(folder, listed.name, listed.sha256));
  }
  const all = await reading(folder, () => listFiles(folder));
  const extra = all.filter((name) => name !== sumsName && !files.has(name));
  if (extra.length > 0)
    throw new StorageError(`${folder} has changed: ${sumsName} does not list ${extra.slice(0, 3).join(', ')}.`);
  return files;
}

function isExisting(file: SealedFile): file is ExistingFile {
  return typeof file === 'object' && 'path' in file;
}

function contentOf(file: SealedFile): Uint8Array | string {
  if (typeof file === 'function') return file();
  return isExisting(file) ? file.content : file;
}

/**
 * Creates a hard link to a file with this checksum; returns false if the checksum differs, or the file system does not
 * support the link.
 */
async function linkIfEqual(path: string, sum: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
  } catch {
    return false;
  }
  if ((await sha256File(target)) === sum) return true;
  await rm(target);
  return false;
}

async function readChecked(folder: string, name: string, expected: string): Promise<Uint8Array> {
  const path = join(folder, name);
  // Checks every path component, so that no link leads out of the folder.
  const parts = name.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = join(folder, ...parts.slice(0, depth));
    const stat = await lstat(part).catch(() => undefined);
    const fits = depth === parts.length ? stat?.isFile() : stat?.isDirectory();
    if (!fits)
      throw new StorageError(
        `${part}: expected a regular ${depth === parts.length ? 'file' : 'folder'}, because ${sumsName} lists ${name}.`,
      );
  }
  const content = await readRegularFile(path, { maxBytes: maxFileBytes });
  const actual = sha256(content);
  if (actual !== expected)
    throw new StorageError(
      `${path} is damaged: expected sha256 ${expected}, received ${actual} (${content.length} bytes).`,
    );
  return content;
}

function assertInside(name: string, folder: string): void {
  if (!isInside(name)) throw new StorageError(`${folder}: expected a path inside the folder, received "${name}".`);
}

async function listFiles(folder: string, below = ''): Promise<string[]> {
  const inner = join(folder, below);
  const entries = await withFreeFile(inner, () => readdir(inner, { withFileTypes: true }));
  const lists = await Promise.all(
    entries.map(async (entry) => {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return listFiles(folder, name);
      return isSystemFile(entry) ? [] : [name];
    }),
  );
  return lists.flat();
}
