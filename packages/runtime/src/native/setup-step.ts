/** One step of the setup, and its progress while it runs. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Reported as a step begins, about every second while it runs, and when it is over. */
export interface SetupProgress {
  state: 'begun' | 'running' | 'done' | 'failed';
  /** In words, such as `downloading tensorflow-cpu==2.21.0`. */
  step: string;
  elapsedMs: number;
  /** Of a step that writes files. */
  writtenBytes?: number;
  /** If it is known in advance. */
  totalBytes?: number;
}

export type OnSetupProgress = (progress: SetupProgress) => void;

/** What a step can measure of itself. */
export interface StepOptions {
  /** All files in it count as written by the step. */
  folder?: string;
  /** undefined while it is not known. */
  totalBytes?: () => number | undefined;
}

const intervalMs = 1000;

/**
 * Begins a step.
 *
 * @returns the function to call when the step is over.
 */
export function beginStep(
  step: string,
  onProgress: OnSetupProgress,
  { folder, totalBytes }: StepOptions = {},
): (state: 'done' | 'failed') => Promise<void> {
  const start = performance.now();
  const before = folder === undefined ? undefined : bytesIn(folder);
  const report = async (state: SetupProgress['state']): Promise<void> => {
    const progress: SetupProgress = { state, step, elapsedMs: performance.now() - start };
    if (folder !== undefined) progress.writtenBytes = (await bytesIn(folder)) - (await before)!;
    const total = totalBytes?.();
    if (total !== undefined) progress.totalBytes = total;
    // The step may have ended while its bytes were counted.
    if (!isOver || state !== 'running') onProgress(progress);
  };
  let isOver = false;
  onProgress({ state: 'begun', step, elapsedMs: 0 });
  const timer = setInterval(() => void report('running'), intervalMs);
  return async (state) => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    await report(state);
  };
}

/** Runs a step from its beginning to its end. */
export async function runStep<T>(
  step: string,
  onProgress: OnSetupProgress,
  work: () => Promise<T>,
  options: StepOptions = {},
): Promise<T> {
  const end = beginStep(step, onProgress, options);
  try {
    const result = await work();
    await end('done');
    return result;
  } catch (error) {
    await end('failed');
    throw error;
  }
}

// --- internal ---

/** Files come and go meanwhile. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return bytesIn(path);
      return stat(path).then(
        ({ size }) => size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
