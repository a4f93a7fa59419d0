/** An error that the user can fix: a file or folder is missing, damaged, in use, or already exists. */
export class StorageError extends Error {
  override name = 'StorageError';
}
