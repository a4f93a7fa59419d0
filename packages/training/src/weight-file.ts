import { readRegularFile, StorageError, sha256, UnreadableFileError } from '@chorus/storage';

/** Larger than any weight file that keras-applications publishes for a convolutional family without its classification layer. */
export const maximumWeightBytes = 1e9;

/**
 * Reads a file of pre-trained weights.
 *
 * @throws StorageError naming a path that cannot be read or is not a regular file of at most 1 GB.
 */
export async function readWeightFile(path: string): Promise<Uint8Array> {
  return readRegularFile(path, { maxBytes: maximumWeightBytes }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new StorageError(`Cannot read the weight file ${path}: ${error.received}.`, { cause: error });
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
      `The weight file ${path} has changed since the run started: expected SHA-256 ${expected}, received ${received}. Restore the file, or start a new run.`,
    );
  return bytes;
}
