/** Timeouts, retries and redirects of a download. */
export interface DownloadLimits {
  /** Timeout for establishing a connection. */
  connectTimeoutMs: number;
  /** Maximum time without a byte of headers or content. */
  stallTimeoutMs: number;
  redirectCount: number;
  /** Maximum number of attempts after the first. */
  retryCount: number;
  /** Delay before the first retry; doubles before each further one. */
  firstDelayMs: number;
  /** Maximum delay before a retry; a server that requests a longer one ends the download. */
  longestDelayMs: number;
}

export const downloadLimits: DownloadLimits = {
  connectTimeoutMs: 5_000,
  stallTimeoutMs: 30_000,
  redirectCount: 5,
  retryCount: 5,
  firstDelayMs: 500,
  longestDelayMs: 60_000,
};
