/** A file or folder that is missing, damaged, in use or in the way: something the user can mend. */
export class StorageError extends Error {
  override name = 'StorageError';
}
