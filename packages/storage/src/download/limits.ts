/** How long a download waits and how often it tries. */
export interface DownloadLimits {
  /** Until a connection stands. */
  connectTimeoutMs: number;
  /** Without a byte, of headers or of content. */
  stallTimeoutMs: number;
  redirectCount: number;
  /** After the first try. */
  retryCount: number;
  /** Before the first retry; doubled before each further one. */
  firstDelayMs: number;
  /** Also the longest wait that a server may ask for. */
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
