/** Nothing is ever half-written: a temporary name, fsync, rename. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { StorageError } from './errors.ts';

/** Writes a small file whole: a reader sees the old content or the new one. */
export async function publishFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, typeof content === 'string' ? content : Buffer.from(content));
}

/**
 * Makes a folder appear whole, by one rename.
 *
 * @param target where it shall be.
 * @param fill writes the content into a temporary folder beside `target`; if it throws, nothing is left of it.
 * @param options `replace` puts it in the place of an earlier one; without, that is an error.
 * @throws StorageError when `target` exists and may not be replaced.
 */
export async function publishFolder(
  target: string,
  fill: (temporary: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  const parent = dirname(target);
  const aside = (what: string) =>
    join(parent, `.${basename(target)}.${what}-${process.pid}-${randomBytes(4).toString('hex')}`);
  const temporary = aside('tmp');
  await mkdir(temporary, { recursive: true });
  try {
    await fill(temporary);
    await syncTree(temporary);
    if (options.replace) await replaceFolder(temporary, target, aside('old'));
    else await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw new StorageError(`${target} exists already.`);
    throw error;
  }
  await syncFolder(parent);
}

// --- internal ---

/** rename(2) does not replace a folder with content: the old one steps aside first, and is removed last. */
async function replaceFolder(temporary: string, target: string, old: string): Promise<void> {
  const stepped = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  await rename(temporary, target);
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

/** The names in a folder reach the disk with the folder, not with the files. */
async function syncFolder(path: string): Promise<void> {
  await syncFile(path);
}
