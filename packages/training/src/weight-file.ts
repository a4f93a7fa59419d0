import { readRegularFile, StorageError, sha256, UnreadableFileError } from '@chorus/storage';

/** Larger than any of keras-applications' weight files of convolutional families without the classification layer. */
export const maximumWeightBytes = 1e9;

/**
 * Reads a file of pre-trained weights.
 *
 * @throws StorageError naming a path that cannot be read or is not a regular file of at most 1 GB.
 */
export async function readWeightFile(path: string): Promise<Uint8Array> {
  return readRegularFile(path, { maxBytes: maximumWeightBytes }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new StorageError(`Expected an .h5 weight file at ${path}, received ${error.received}.`, { cause: error });
  });
}

/**
 * Reads a file of pre-trained weights and verifies its hash.
 *
 * @throws StorageError as {@link readWeightFile}, and when the content has changed.
 */
export async function readKnownWeightFile({ path, sha256: expected }: { path: string; sha256: string }) {
  const bytes = await readWeightFile(path);
  const received = sha256(bytes);
  if (received !== expected)
    throw new StorageError(
      `Expected the weight file ${path} as it was when the run started (SHA-256 ${expected}), received other content (${received}). Put the file back, or start a new run.`,
    );
  return bytes;
}
