/** Names of temporary files and folders, which identify the process that writes there. */
import { randomBytes } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256 } from './checksum.ts';
import { identityOf, isAlive, type ProcessIdentity, thisProcess } from './live-process.ts';
import { withFreeFile } from './open-files.ts';

/**
 * Returns a unique path beside `target`, hence on the same file system: `.<name>.tmp-<process id>-<16 digits>`. The first eight of
 * the digits identify the machine and the start of the process; if its start is unknown, they are omitted.
 *
 * @param what `old` for what a replacement has removed from its place.
 */
export async function temporaryPath(target: string, what: 'tmp' | 'old' = 'tmp'): Promise<string> {
  const unique = `${process.pid}-${await ownTag()}${randomBytes(4).toString('hex')}`;
  return join(dirname(target), `.${basename(target)}.${what}-${unique}`);
}

/**
 * Removes the temporary files and folders that killed processes left in a folder. The caller must hold a lock that prevents other
 * processes from writing there; those of this process stay.
 */
export async function removeUnfinished(parent: string): Promise<void> {
  const own = await ownTag();
  for (const { path, processId, tag } of await temporariesIn(parent))
    if (processId !== process.pid || (tag ?? '') !== own) await remove(path);
}

/**
 * Finds the temporary files and folders that ended processes left in a folder, in which others may be writing: of those of another
 * machine or container, only what is older than a day.
 *
 * @param target if given, only those of this path in the folder.
 * @returns their paths.
 */
export async function abandonedIn(parent: string, target?: string): Promise<string[]> {
  const found: string[] = [];
  for (const { path, target: name, processId, tag } of await temporariesIn(parent))
    if ((target === undefined || basename(target) === name) && (await hasEnded(path, processId, tag))) found.push(path);
  return found;
}

/** Removes what {@link abandonedIn} finds. What belongs to another user may stay. */
export async function removeAbandoned(parent: string, target?: string): Promise<void> {
  for (const path of await abandonedIn(parent, target))
    await remove(path).catch((error: NodeJS.ErrnoException) => {
      if (!['EACCES', 'EPERM'].includes(error.code ?? '')) throw error;
    });
}

// --- internal ---

/** Earlier versions wrote eight digits, without a tag. */
const pattern = /^\.(.+)\.(?:tmp|old)-(\d+)-([0-9a-f]{8})?[0-9a-f]{8}$/s;
/** Digits of the machine, and of the start. */
const partLength = 4;
const dayMs = 86_400_000;

let knownTag: Promise<string> | undefined;

function ownTag(): Promise<string> {
  knownTag ??= thisProcess().then(tagOf);
  return knownTag;
}

function tagOf({ machine, startedAt }: ProcessIdentity): string {
  return startedAt === null ? '' : digitsOf(machine) + digitsOf(startedAt);
}

function digitsOf(text: string): string {
  return sha256(text).slice(0, partLength);
}

interface Temporary {
  path: string;
  /** Name of what it becomes. */
  target: string;
  processId: number;
  tag: string | undefined;
}

async function temporariesIn(parent: string): Promise<Temporary[]> {
  const names = await withFreeFile(parent, () => readdir(parent)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.flatMap((name) => {
    const [, target, processId, tag] = pattern.exec(name) ?? [];
    return target === undefined ? [] : [{ path: join(parent, name), target, processId: Number(processId), tag }];
  });
}

async function hasEnded(path: string, processId: number, tag: string | undefined): Promise<boolean> {
  const current = await identityOf(processId);
  if (tag !== undefined && tag.slice(0, partLength) !== digitsOf(current.machine)) {
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    return mtimeMs < Date.now() - dayMs;
  }
  if (!(await isAlive(current))) return true;
  // Another process has the id now.
  return tag !== undefined && current.startedAt !== null && tag !== tagOf(current);
}

async function remove(path: string): Promise<void> {
  // A child of the killed process may still be running and write there.
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}
