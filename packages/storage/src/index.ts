export { cacheFolder } from './cache-folder.ts';
export { readVerified, sha256, sha256File } from './checksum.ts';
export { type FetchedFile, type FetchOptions, fetchFile } from './download/fetch-file.ts';
export { type DownloadLimits, downloadLimits } from './download/limits.ts';
export type { FileSource } from './download/source.ts';
export { StorageError } from './errors.ts';
export { type Lock, tryLock, withLock } from './lock.ts';
export { publishFile, publishFolder, removeUnfinished } from './publish.ts';
