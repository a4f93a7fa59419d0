/** Downloads a public file to memory, for a URL that the user typed: no cache and no expected hash. */
import { createClient } from './client.ts';
import { TransferFault, TransferRefusal } from './faults.ts';
import { type DownloadLimits, downloadLimits } from './limits.ts';
import { readRetryAfter, withRetries } from './retry.ts';

export interface FetchBytesOptions {
  /** Maximum size of the response, in bytes. */
  maximumBytes: number;
  /** Timeout of the whole transfer, retries included. */
  timeoutMs: number;
  /** Overrides of the default limits. */
  limits?: Partial<DownloadLimits>;
  signal?: AbortSignal;
}

/** Fewer retries and shorter delays than for a cached file: a command is waiting for the bytes. */
const patience: Partial<DownloadLimits> = { retryCount: 2, longestDelayMs: 5_000 };

/**
 * Downloads a file from a URL that the user typed: over http or https, with a limited number of redirects, none of them from
 * https to http.
 *
 * @throws Error whose message says why the download failed; the signal's reason.
 */
export async function fetchBytes(url: string, options: FetchBytesOptions): Promise<Uint8Array> {
  const { maximumBytes, timeoutMs } = options;
  const limits = { ...downloadLimits, ...patience, ...options.limits };
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const rules = { hasHash: false, allowLoopbackHttp: true, allowHttp: true };
  const client = await createClient({ limits, rules, maximumBytes, signal });
  try {
    return await withRetries(
      async () => {
        signal.throwIfAborted();
        const answer = await client.get(url, {});
        try {
          if (answer.status === 408 || answer.status === 429 || answer.status >= 500)
            throw new TransferFault(`received HTTP ${answer.status}`, {
              waitMs: readRetryAfter(answer.header('retry-after'), Date.now()),
            });
          if (answer.status !== 200) throw new TransferRefusal(`expected a file, received HTTP ${answer.status}`);
          const length = Number(answer.header('content-length') ?? 0);
          if (length > maximumBytes)
            throw new TransferRefusal(`expected at most ${maximumBytes} bytes, received a response of ${length} bytes`);
          const chunks: Uint8Array[] = [];
          for await (const chunk of answer.content()) chunks.push(chunk);
          return Buffer.concat(chunks);
        } finally {
          answer.drop();
        }
      },
      limits,
      { signal, onRetry() {} },
    );
  } catch (error) {
    if (timeout.aborted && !options.signal?.aborted)
      throw new Error(`timed out after ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    await client.close();
  }
}
