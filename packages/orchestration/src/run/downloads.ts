import type { FetchOptions } from '@chorus/storage';

/** How a run follows, and ends, what it downloads. */
export interface Downloads extends Pick<FetchOptions, 'signal' | 'onNotice'> {
  /** Bytes of a file or data set that are there, of how many, where the server tells. */
  onDownload?: (name: string, bytes: number, totalBytes: number | undefined) => void;
}
