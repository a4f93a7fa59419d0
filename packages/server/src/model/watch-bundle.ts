/** Reloads a bundle when its files have changed. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorText } from '@chorus/storage/system-error';
import { ServerError } from '../errors.ts';

export interface WatchOptions {
  /** The state of the files from before the bundle in use was loaded, by {@link bundleState}. */
  used: BundleState;
  /** Time between two looks at the files, milliseconds. */
  intervalMs: number;
  /** Loads the bundle, unless it is the one in use. */
  reload(): Promise<void>;
  /** Receives why a bundle cannot be loaded, or its files cannot be read, whenever the reason changes. */
  onFailure(error: unknown): void;
}

/** Differs after every change of a file; undefined while there is no folder, or a file is removed. */
export type BundleState = string | undefined;

/** @throws ServerError for files that cannot be read. */
export async function bundleState(folder: string): Promise<BundleState> {
  try {
    const names = (await readdir(folder, { recursive: true })).toSorted();
    const stats = await Promise.all(names.map((name) => stat(join(folder, name))));
    return names
      .map((name, index) => {
        const { size, mtimeMs, ctimeMs, ino } = stats[index]!;
        return [name, size, mtimeMs, ctimeMs, ino];
      })
      .join('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ServerError(`Cannot read the bundle at ${folder}: ${systemErrorText(error)}.`, { cause: error });
  }
}

/**
 * Looks at the bundle's files again and again: the events of a file system get lost when a folder is replaced, and on network file
 * systems. Files that still change are left alone. A bundle that cannot be loaded is tried again, after a delay that doubles: the
 * cause may lie elsewhere, as with too many open files.
 *
 * @returns a function that ends it.
 */
export function watchBundle(bundle: string, { used: loaded, intervalMs, reload, onFailure }: WatchOptions): () => void {
  let used = loaded;
  let seen = loaded;
  let missingCount = 0;
  let failed: { state: BundleState; delayMs: number; retryTime: number } | undefined;
  let reported: string | undefined;
  let timer: NodeJS.Timeout;
  let isEnded = false;
  const report = (error: unknown) => {
    const message = String(error);
    if (message !== reported) onFailure(error);
    reported = message;
  };
  const load = async (state: BundleState) => {
    const isRetry = failed?.state === state;
    if (isRetry && performance.now() < failed!.retryTime) return;
    try {
      await reload();
      used = state;
      failed = undefined;
      reported = undefined;
    } catch (error) {
      const delayMs = isRetry ? Math.min(2 * failed!.delayMs, Math.max(intervalMs, longestDelayMs)) : intervalMs;
      failed = { state, delayMs, retryTime: performance.now() + delayMs };
      report(error);
    }
  };
  const look = async () => {
    const state = await bundleState(bundle);
    const isStill = state === seen;
    seen = state;
    missingCount = state === undefined ? missingCount + 1 : 0;
    if (missingCount >= lastingLooks)
      throw new ServerError(`Expected a bundle at ${bundle}, which has been missing, or lacks files, for a while.`);
    if (state === undefined || !isStill) return;
    if (state !== used) await load(state);
    else {
      failed = undefined;
      reported = undefined;
    }
  };
  const lookLater = () => {
    if (isEnded) return;
    timer = setTimeout(() => void look().catch(report).finally(lookLater), intervalMs);
    timer.unref();
  };
  lookLater();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}

// --- internal ---

const longestDelayMs = 60_000;

/** Looks after which a folder is not just being replaced. */
const lastingLooks = 5;
