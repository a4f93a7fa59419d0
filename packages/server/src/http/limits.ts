import { requireCounts } from '../require-counts.ts';

/** Limits of requests. */
export interface RequestLimits {
  /** Of a body; 32 MiB by default. */
  maxBodyBytes: number;
  /** Of the buffers of all bodies together; 256 MiB by default. While a body is parsed, its images take as much again. */
  maxBufferedBytes: number;
  /** Time in which a request must be answered once its headers have arrived, milliseconds; 30 seconds by default. */
  answerTimeoutMs: number;
}

/** @throws ServerError for a value that is not a whole number of at least 1. */
export function requestLimits(given: { [Name in keyof RequestLimits]?: number | undefined }): RequestLimits {
  const { maxBodyBytes = 32 * 2 ** 20, maxBufferedBytes = 256 * 2 ** 20, answerTimeoutMs = 30_000 } = given;
  const limits = { maxBodyBytes, maxBufferedBytes, answerTimeoutMs };
  requireCounts({ ...limits }, 1);
  return limits;
}
