/** Atomic writes: a temporary name, fsync, rename. */
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError, writing } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { withFreeFile } from './open-files.ts';
import { removeAbandoned, temporaryPath } from './temporary-name.ts';

/**
 * Writes a small file atomically: a reader sees either the old content or the new content. Creates its folder.
 *
 * @throws UnwritableError naming the path, the reason and what fixes it; an existing file is unchanged.
 */
export async function publishFile(path: string, content: string | Uint8Array): Promise<void> {
  await writing(path, async () => {
    await makeFolder(dirname(path));
    const temporary = await temporaryPath(path);
    try {
      await withFreeFile(path, () => writeFile(temporary, content, { flag: 'wx' }));
      await publishWrittenFile(temporary, path);
    } catch (error) {
      // The first error says what is wrong.
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/**
 * Atomically renames a written file in the same folder, and replaces an existing one.
 *
 * @throws UnwritableError naming `path`.
 */
export async function publishWrittenFile(temporary: string, path: string): Promise<void> {
  await writing(path, async () => {
    await syncFile(temporary);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/**
 * Publishes a folder by a single rename, and removes what ended processes have left of it.
 *
 * @param target path of the folder.
 * @param fill writes the content into a temporary folder beside `target`, which is removed if `fill` throws.
 * @param options `replace` replaces an existing folder; without it, an existing folder is an error.
 * @throws StorageError when `target` exists and may not be replaced; UnwritableError naming `target` for a file system's error, also
 * one of `fill`.
 */
export async function publishFolder(
  target: string,
  fill: (temporary: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  await writing(target, async () => {
    const temporary = await temporaryPath(target);
    await makeFolder(dirname(target));
    await removeAbandoned(dirname(target), target);
    await makeFolder(temporary);
    try {
      await fill(temporary);
      await syncTree(temporary);
      if (options.replace) await replaceFolder(temporary, target);
      else await renameToFree(temporary, target);
    } catch (error) {
      // The first error says what is wrong.
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(target));
  });
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
  const old = await temporaryPath(target, 'old');
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
  for (const entry of await withFreeFile(folder, () => readdir(folder, { withFileTypes: true }))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  const file = await withFreeFile(path, () => open(path, 'r'));
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
