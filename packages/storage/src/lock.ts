/** Locks between processes: a folder beside the locked path that its owner touches regularly (proper-lockfile). */
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import lockfile from 'proper-lockfile';
import { StorageError } from './errors.ts';
import './file-size-signal.ts';
import { parseJson } from './json.ts';
import { isAlive, type ProcessIdentity, thisProcess } from './live-process.ts';
import { makeFolder } from './make-folder.ts';
import { publishFile } from './publish.ts';
import { readRegularFile } from './regular-file.ts';

/** A lock not touched for this long is stale. */
const staleMs = 10_000;

/** Time between two attempts. */
const pauseMs = 100;

export interface Lock {
  /** @throws StorageError when another process took over the lock while this one was suspended. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Acquires the lock of a path without waiting for a live owner. Takes over the lock of a killed process at once; that of a process
 * of another machine, about which nothing is known, when it is stale.
 *
 * @param path the path to lock; it need not exist, and its parent is created.
 * @param options `onWait` is called once if the lock is not free and has no live owner, with the owner's process id if it is known.
 * @throws StorageError naming the process that holds the lock.
 */
export async function tryLock(
  path: string,
  { onWait }: { onWait?: (owner: string | undefined) => void } = {},
): Promise<Lock> {
  const deadline = Date.now() + 2 * staleMs;
  for (let attemptCount = 1; ; attemptCount += 1) {
    const lock = await attempt(path, { fromLiving: false });
    if (lock !== undefined) return lock;
    const owner = await ownerOf(path);
    if ((owner !== undefined && (await isAlive(owner))) || Date.now() > deadline)
      throw new StorageError(`${path} is in use by process ${nameOf(owner)}; wait for it to finish, or stop it.`);
    if (attemptCount === patientAttempts) onWait?.(owner && nameOf(owner));
    await sleep(pauseMs);
  }
}

/**
 * Waits for the lock of `path` and runs `work` while holding it. Takes over the lock of a process that is killed, or does not respond
 * for seconds.
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
    const lock = await attempt(path, { fromLiving: true });
    if (lock !== undefined) {
      try {
        return await work(lock);
      } finally {
        await lock.release();
      }
    }
    const owner = await ownerOf(path);
    if (!isReported && (owner !== undefined || attemptCount >= patientAttempts)) {
      onWait?.(owner && nameOf(owner));
      isReported = true;
    }
    if (Date.now() > deadline)
      throw new StorageError(`Waited ${Math.round(waitMs / 1000)} s for process ${nameOf(owner)} to release ${path}.`);
    await sleep(pauseMs);
  }
}

/** Returns the id of the process that holds the lock of a path; undefined if no live process does. */
export async function lockOwner(path: string): Promise<number | undefined> {
  const owner = await ownerOf(path);
  const lock = await stat(lockPathOf(path)).catch(() => undefined);
  if (owner === undefined || lock === undefined) return undefined;
  return ((await isAlive(owner)) ?? !isOld(lock)) ? owner.processId : undefined;
}

// --- internal ---

/** A lock is free, or has an owner, after fewer attempts than this, unless its owner was killed or is on another machine. */
const patientAttempts = 6;

/** @param options `fromLiving`: whether to take over a stale lock from a process that is alive. */
async function attempt(path: string, { fromLiving }: { fromLiving: boolean }): Promise<Lock | undefined> {
  await makeFolder(dirname(path));
  return guarded(path, async () => {
    const lock = await acquire(path);
    if (lock !== undefined || !(await canTakeOver(path, fromLiving))) return lock;
    await rm(lockPathOf(path), { recursive: true, force: true });
    return acquire(path);
  });
}

/**
 * Runs `work` unless another process runs its own. Without the guard, a second process could remove the new lock of the first one
 * that takes over, or take the owner of the lock before for that of a lock that is just being acquired.
 */
async function guarded(path: string, work: () => Promise<Lock | undefined>): Promise<Lock | undefined> {
  const guard = `${path}.lock.guard`;
  try {
    await mkdir(guard);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const left = await stat(guard).catch(() => undefined);
    // Another process was killed in these few milliseconds.
    if (left !== undefined && isOld(left)) await rm(guard, { recursive: true, force: true });
    return undefined;
  }
  try {
    return await work();
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}

async function canTakeOver(path: string, fromLiving: boolean): Promise<boolean> {
  const owner = await ownerOf(path);
  const ownerIsAlive = owner && (await isAlive(owner));
  if (ownerIsAlive === false) return true;
  if (ownerIsAlive && !fromLiving) return false;
  const lock = await stat(lockPathOf(path)).catch(() => undefined);
  return lock !== undefined && isOld(lock);
}

function isOld({ mtimeMs }: { mtimeMs: number }): boolean {
  return mtimeMs < Date.now() - staleMs;
}

async function acquire(path: string): Promise<Lock | undefined> {
  let isReleased = false;
  let release: () => Promise<void>;
  try {
    release = await lockfile.lock(path, {
      realpath: false,
      lockfilePath: lockPathOf(path),
      // Stale locks are taken over here, with a guard.
      stale: Number.POSITIVE_INFINITY,
      update: staleMs / 2,
      retries: 0,
      // After system sleep the lock appears stale, but it is still held unless another process took it over.
      onCompromised: (error) => isReleased || void assertOurs(path, error),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
  // Replaces any existing file instead of opening it: opening a named pipe would block.
  try {
    await publishFile(ownerPathOf(path), JSON.stringify(await thisProcess()));
  } catch (error) {
    isReleased = true;
    await release().catch(() => {});
    throw error;
  }
  return {
    assertHeld: () => assertOurs(path),
    async release() {
      isReleased = true;
      // Another process took over the lock, which is not this one's to remove.
      if (!(await isOurs(path))) return;
      await rm(ownerPathOf(path), { force: true });
      // A compromised lock is already released.
      await release().catch(() => {});
    },
  };
}

async function isOurs(path: string): Promise<boolean> {
  return isDeepStrictEqual(await ownerOf(path), await thisProcess());
}

async function assertOurs(path: string, cause?: Error): Promise<void> {
  if (await isOurs(path)) return;
  const owner = nameOf(await ownerOf(path));
  throw new StorageError(`${path} was taken over by process ${owner} while this one was suspended.`, { cause });
}

async function ownerOf(path: string): Promise<ProcessIdentity | undefined> {
  const owner = ownerPathOf(path);
  try {
    const content = parseJson(await readRegularFile(owner, { maxBytes: 1000 }), owner);
    return isIdentity(content) ? content : undefined;
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

function isIdentity(content: unknown): content is ProcessIdentity {
  const { processId, startedAt, machine } = (content ?? {}) as Record<string, unknown>;
  const isKnownStart = startedAt === null || typeof startedAt === 'string';
  return Number.isInteger(processId) && (processId as number) > 0 && isKnownStart && typeof machine === 'string';
}

function nameOf(owner: ProcessIdentity | undefined): string {
  return owner === undefined ? 'unknown' : String(owner.processId);
}

function lockPathOf(path: string): string {
  return `${path}.lock`;
}

function ownerPathOf(path: string): string {
  return `${path}.owner`;
}
