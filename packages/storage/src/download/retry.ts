import { setTimeout as sleep } from 'node:timers/promises';
import { TransferFault } from './faults.ts';
import type { DownloadLimits } from './limits.ts';

/**
 * Retries `work` after each {@link TransferFault}, with exponential backoff.
 *
 * @param onRetry called with the fault and the delay (ms) before each retry.
 * @throws TransferFault after the last retry, or when the server requests a delay above `longestDelayMs`; any other error
 * of `work`, without a retry; the signal's reason.
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
 * Returns the delay before a retry in ms: exponential, with random jitter between half and all of it, so that clients
 * that lost the same server do not retry at the same time; never shorter than the server requested.
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
 * Parses a `Retry-After` header: seconds, or a date.
 *
 * @returns ms from `nowMs` on; undefined for a missing or invalid header.
 */
export function readRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

// --- internal ---

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  // Rejects only when the signal aborts, and then with an AbortError instead of the signal's reason.
  await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  signal?.throwIfAborted();
}
