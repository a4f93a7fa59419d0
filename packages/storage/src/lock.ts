/** Locks between processes: a folder beside the locked path that its owner touches regularly (proper-lockfile). */
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import lockfile from 'proper-lockfile';
import { StorageError } from './errors.ts';
import './file-size-signal.ts';
import { publishFile } from './publish.ts';
import { readRegularFile } from './regular-file.ts';

/** A lock not touched for this long is stale. */
const staleMs = 10_000;

export interface Lock {
  /** @throws StorageError when another process took over the lock while this one was suspended. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Acquires the lock of a path without waiting for a live owner; takes over the lock of a killed process within seconds.
 *
 * @param path the path to lock; it need not exist, and its parent is created.
 * @throws StorageError naming the process that holds the lock.
 */
export async function tryLock(path: string): Promise<Lock> {
  const deadline = Date.now() + 2 * staleMs;
  for (;;) {
    const lock = await attempt(path);
    if (lock !== undefined) return lock;
    const owner = await ownerOf(path);
    if ((owner !== undefined && isAlive(Number(owner))) || Date.now() > deadline)
      throw new StorageError(`${path} is in use by process ${owner ?? 'unknown'}; wait for it to finish, or stop it.`);
    // The owner was killed, so the lock soon turns stale. Removing it here would race with other processes.
    await pause();
  }
}

/**
 * Waits for the lock of `path` and runs `work` while holding it.
 *
 * @param work receives the lock, so that it can assert before publishing that the lock is still held.
 * @param options `onWait` is called once if another process holds the lock, with its process id if it is known.
 * @throws StorageError after `waitMs` (default 30 minutes); the signal's reason; any error of `work`.
 */
export async function withLock<T>(
  path: string,
  work: (lock: Lock) => Promise<T>,
  options: { waitMs?: number; onWait?: (owner: string | undefined) => void; signal?: AbortSignal } = {},
): Promise<T> {
  const { waitMs = 30 * 60_000, onWait, signal } = options;
  const deadline = Date.now() + waitMs;
  let isReported = false;
  for (let attemptCount = 1; ; attemptCount += 1) {
    signal?.throwIfAborted();
    const lock = await attempt(path);
    if (lock !== undefined) {
      try {
        return await work(lock);
      } finally {
        await lock.release();
      }
    }
    const owner = await ownerOf(path);
    // A new owner writes its process id a moment after it has the lock.
    if (!isReported && (owner !== undefined || attemptCount > 5)) {
      onWait?.(owner);
      isReported = true;
    }
    if (Date.now() > deadline)
      throw new StorageError(
        `Waited ${Math.round(waitMs / 1000)} s for process ${owner ?? 'unknown'} to release ${path}.`,
      );
    await pause();
  }
}

/** Returns the id of the process that holds the lock of a path; undefined if no live process does. */
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

/** Guarded, so that one process at a time removes a stale lock; a second process would remove the first one's new lock. */
async function takeOver(path: string): Promise<Lock | undefined> {
  const guard = `${path}.lock.takeover`;
  if (!(await isOld(lockPathOf(path)))) return undefined;
  try {
    await mkdir(guard);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Another process is taking over, or was killed while taking over.
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
      // After system sleep the lock appears stale, but it is still held unless another process took it over.
      onCompromised: (error) => void assertOurs(path, error),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
  // Replaces any existing file instead of opening it: opening a named pipe would block.
  await publishFile(ownerPathOf(path), String(process.pid));
  return {
    assertHeld: () => assertOurs(path),
    async release() {
      await rm(ownerPathOf(path), { force: true });
      // A compromised lock is already released.
      await release().catch(() => {});
    },
  };
}

async function assertOurs(path: string, cause?: Error): Promise<void> {
  const owner = await ownerOf(path);
  if (owner !== String(process.pid))
    throw new StorageError(`${path} was taken over by process ${owner ?? 'unknown'} while this one was suspended.`, {
      cause,
    });
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
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
