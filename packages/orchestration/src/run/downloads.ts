import type { FetchOptions } from '@chorus/storage';

/** Progress callbacks and abort signal for a run's downloads. */
export interface Downloads extends Pick<FetchOptions, 'signal' | 'onNotice'> {
  /** Called with the bytes received and, if the server sends it, the total size of a file or data set. */
  onDownload?: (name: string, bytes: number, totalBytes: number | undefined) => void;
}
