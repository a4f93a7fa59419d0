export { cacheFolder } from './cache-folder.ts';
export { readVerified, sha256, sha256File } from './checksum.ts';
export { StorageError } from './errors.ts';
export { type Lock, tryLock, withLock } from './lock.ts';
export { publishFile, publishFolder, removeUnfinished } from './publish.ts';
