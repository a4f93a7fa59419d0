/** Locks between processes: a folder beside the locked path, touched while its owner lives (proper-lockfile). */
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import lockfile from 'proper-lockfile';
import { StorageError } from './errors.ts';
import { publishFile } from './publish.ts';
import { readRegularFile } from './regular-file.ts';

/** A lock that was not touched for this long has lost its owner. */
const staleMs = 10_000;

export interface Lock {
  /** @throws StorageError when another process took the lock over, while this one stood still. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock of a path, or says who has it; the lock of a killed process is taken over within seconds.
 *
 * @param path what is locked; it need not exist, its parent is made.
 * @throws StorageError naming the owner's process while it lives.
 */
export async function tryLock(path: string): Promise<Lock> {
  const deadline = Date.now() + 2 * staleMs;
  for (;;) {
    const lock = await attempt(path);
    if (lock !== undefined) return lock;
    const owner = await ownerOf(path);
    if ((owner !== undefined && isAlive(Number(owner))) || Date.now() > deadline)
      throw new StorageError(`${path} is in use by process ${owner ?? 'unknown'}; wait for it or stop it.`);
    // Its owner was killed: the lock goes stale in a moment. Removing it ourselves would race with others who do.
    await pause();
  }
}

/**
 * Runs `work` while no other process holds the lock of `path`; waits for its turn.
 *
 * @param work is handed the lock, to ask before it publishes whether it still holds it.
 * @param options `onWait` is called once, with the owner's process id, when there is somebody to wait for.
 * @throws StorageError after `waitMs` (default 30 minutes), the signal's reason, and whatever `work` throws.
 */
export async function withLock<T>(
  path: string,
  work: (lock: Lock) => Promise<T>,
  options: { waitMs?: number; onWait?: (owner: string | undefined) => void; signal?: AbortSignal } = {},
): Promise<T> {
  const { waitMs = 30 * 60_000, onWait, signal } = options;
  const deadline = Date.now() + waitMs;
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const lock = await attempt(path);
    if (lock !== undefined) {
      try {
        return await work(lock);
      } finally {
        await lock.release();
      }
    }
    if (!told) onWait?.(await ownerOf(path));
    told = true;
    if (Date.now() > deadline)
      throw new StorageError(
        `Waited ${Math.round(waitMs / 1000)} s for process ${await ownerOf(path)} to release ${path}.`,
      );
    await pause();
  }
}

/** The process that holds the lock of a path; undefined where none that lives does. */
export async function lockOwner(path: string): Promise<number | undefined> {
  const isLocked = await stat(lockPathOf(path)).then(
    () => true,
    () => false,
  );
  const owner = Number(await ownerOf(path));
  return isLocked && owner > 0 && isAlive(owner) ? owner : undefined;
}

// --- internal ---

async function attempt(path: string): Promise<Lock | undefined> {
  await mkdir(dirname(path), { recursive: true });
  return (await acquire(path, Number.POSITIVE_INFINITY)) ?? (await takeOver(path));
}

/** Only one at a time removes a stale lock: a second one would remove the first's new lock. */
async function takeOver(path: string): Promise<Lock | undefined> {
  const guard = `${path}.lock.takeover`;
  if (!(await isOld(lockPathOf(path)))) return undefined;
  try {
    await mkdir(guard);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Somebody is at it, or was killed at it.
    if (await isOld(guard)) await rm(guard, { recursive: true, force: true });
    return undefined;
  }
  try {
    return (await isOld(lockPathOf(path))) ? await acquire(path, staleMs) : undefined;
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}

async function isOld(folder: string): Promise<boolean> {
  const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return mtimeMs < Date.now() - staleMs;
}

async function acquire(path: string, staleAfterMs: number): Promise<Lock | undefined> {
  let release: () => Promise<void>;
  try {
    release = await lockfile.lock(path, {
      realpath: false,
      lockfilePath: lockPathOf(path),
      stale: staleAfterMs,
      update: staleMs / 2,
      retries: 0,
      // A machine that slept wakes with a lock that looks stale. While nobody took it over, it is still ours.
      onCompromised: (error) => void assertOurs(path, error),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
  // In the place of whatever is there: a named pipe would wait for a reader.
  await publishFile(ownerPathOf(path), String(process.pid));
  return {
    assertHeld: () => assertOurs(path),
    async release() {
      await rm(ownerPathOf(path), { force: true });
      // A lock that was compromised is released already.
      await release().catch(() => {});
    },
  };
}

async function assertOurs(path: string, cause?: Error): Promise<void> {
  const owner = await ownerOf(path);
  if (owner !== String(process.pid))
    throw new StorageError(`${path} was taken over by process ${owner ?? 'unknown'} while this one stood still.`, {
      cause,
    });
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ownerOf(path: string): Promise<string | undefined> {
  const content = await readRegularFile(ownerPathOf(path), { maxBytes: 100 }).catch(() => Buffer.alloc(0));
  const text = content.toString();
  return /^[1-9][0-9]*$/.test(text) ? text : undefined;
}

function lockPathOf(path: string): string {
  return `${path}.lock`;
}

function ownerPathOf(path: string): string {
  return `${path}.owner`;
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 100));
}
