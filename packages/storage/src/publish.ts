/** Atomic writes: a temporary name, fsync, rename. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import { StorageError } from './errors.ts';

/** Writes a small file atomically: a reader sees either the old content or the new content. */
export async function publishFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, typeof content === 'string' ? content : Buffer.from(content));
}

/** Atomically renames a written file in the same folder, and replaces an existing one. */
export async function publishWrittenFile(temporary: string, path: string): Promise<void> {
  await syncFile(temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/**
 * Publishes a folder by a single rename.
 *
 * @param target path of the folder.
 * @param fill writes the content into a temporary folder beside `target`, which is removed if `fill` throws.
 * @param options `replace` replaces an existing folder; without it, an existing folder is an error.
 * @throws StorageError when `target` exists and may not be replaced.
 */
export async function publishFolder(
  target: string,
  fill: (temporary: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  const parent = dirname(target);
  const temporary = besides(target, 'tmp');
  await mkdir(temporary, { recursive: true });
  try {
    await fill(temporary);
    await syncTree(temporary);
    if (options.replace) await replaceFolder(temporary, target);
    else await renameToFree(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(parent);
}

/**
 * Removes the temporary folders that killed processes left in `parent`. The caller must hold a lock that prevents other
 * processes from publishing there.
 */
export async function removeUnfinished(parent: string): Promise<void> {
  const names = await readdir(parent).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names)
    if (/^\..+\.(tmp|old)-\d+-[0-9a-f]{8}$/.test(name))
      // A child of the killed process may still be running and write there.
      await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Waits while another process replaces a folder by {@link publishFolder}, which leaves it missing between two renames; at most
 * two seconds. Returns at once for a folder that exists or that nobody replaces.
 */
export async function waitWhileReplaced(target: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 2000 && (await isBetweenRenames(target)); waitedMs += pauseMs) await delay(pauseMs);
}

// --- internal ---

const pauseMs = 20;

async function isBetweenRenames(target: string): Promise<boolean> {
  const names = await readdir(dirname(target)).catch((): string[] => []);
  return !names.includes(basename(target)) && names.some((name) => name.startsWith(`.${basename(target)}.old-`));
}

/** Returns a unique path beside `target`, hence on the same file system. */
function besides(target: string, what: 'tmp' | 'old'): string {
  const unique = `${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(target), `.${basename(target)}.${what}-${unique}`);
}

async function renameToFree(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) ? new StorageError(`${target} already exists.`) : error;
  }
}

/** rename(2) does not replace a non-empty folder, so the old one is renamed first and removed last. */
async function replaceFolder(temporary: string, target: string): Promise<void> {
  const old = besides(target, 'old');
  const stepped = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(temporary, target);
  } catch (error) {
    if (stepped) await rename(old, target);
    throw error;
  }
  if (stepped) await rm(old, { recursive: true, force: true });
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes the directory entries, which fsync of the files does not. */
async function syncFolder(path: string): Promise<void> {
  await syncFile(path);
}
