import { setTimeout as sleep } from 'node:timers/promises';
import { TransferFault } from './faults.ts';
import type { DownloadLimits } from './limits.ts';

/**
 * Works until it succeeds, with growing pauses after faults.
 *
 * @param onRetry hears of the fault before each pause, ms.
 * @throws TransferFault after the last try, or when the server asks for a longer wait than `longestDelayMs`; whatever
 * else `work` throws, at once; the signal's reason.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  limits: DownloadLimits,
  { onRetry, signal }: { onRetry(fault: TransferFault, delayMs: number): void; signal: AbortSignal | undefined },
): Promise<T> {
  for (let retryIndex = 0; ; retryIndex += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransferFault) || retryIndex >= limits.retryCount) throw error;
      const delayMs = delayBefore(retryIndex, error.waitMs, Math.random(), limits);
      if (delayMs > limits.longestDelayMs) throw error;
      onRetry(error, delayMs);
      await pause(delayMs, signal);
    }
  }
}

/**
 * The pause before a retry, ms: doubled each time, and between half and whole of it, so that many who lost the same server
 * do not come back at once; never shorter than what the server asked for.
 *
 * @param draw from 0 to 1.
 */
export function delayBefore(
  retryIndex: number,
  waitMs: number | undefined,
  draw: number,
  { firstDelayMs, longestDelayMs }: Pick<DownloadLimits, 'firstDelayMs' | 'longestDelayMs'>,
): number {
  const whole = Math.min(longestDelayMs, firstDelayMs * 2 ** retryIndex);
  return Math.max(waitMs ?? 0, whole * (0.5 + 0.5 * draw));
}

/**
 * What a `Retry-After` header asks for: seconds, or a date.
 *
 * @returns ms from `nowMs` on; undefined when it asks for nothing that can be read.
 */
export function readRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

// --- internal ---

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  // It fails only when the signal is given; its error is not the signal's reason.
  await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  signal?.throwIfAborted();
}
