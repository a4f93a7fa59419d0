/** A step of the setup and its progress. */
import { bytesOnDisk } from '@chorus/storage';

/** Reported when a step begins, about every second while it runs, and when it ends. */
export interface SetupProgress {
  state: 'begun' | 'running' | 'done' | 'failed';
  /** Description, such as `downloading tensorflow-cpu==2.21.0`. */
  step: string;
  elapsedMs: number;
  /** Set for a step that writes files. */
  writtenBytes?: number;
  /** Set if known in advance. */
  totalBytes?: number;
}

export type OnSetupProgress = (progress: SetupProgress) => void;

/** How a step measures its progress. */
export interface StepOptions {
  /** The folder whose files count as written by the step. */
  folder?: string;
  /** Returns undefined while the total is unknown. */
  totalBytes?: () => number | undefined;
}

const intervalMs = 1000;

/**
 * Begins a step.
 *
 * @returns the function to call when the step ends.
 */
export function beginStep(
  step: string,
  onProgress: OnSetupProgress,
  { folder, totalBytes }: StepOptions = {},
): (state: 'done' | 'failed') => Promise<void> {
  const start = performance.now();
  const before = folder === undefined ? undefined : bytesOnDisk(folder);
  const report = async (state: SetupProgress['state']): Promise<void> => {
    const progress: SetupProgress = { state, step, elapsedMs: performance.now() - start };
    if (folder !== undefined) progress.writtenBytes = (await bytesOnDisk(folder)) - (await before)!;
    const total = totalBytes?.();
    if (total !== undefined) progress.totalBytes = total;
    // The step may have ended during the count.
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

/** Runs `work` as a step and reports its progress. */
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
