import { readRegularFile, UnreadableFileError } from '@chorus/storage';
import { ConfigError } from '../errors.ts';

/** Above the largest file of keras-applications' convolutional families without its classification top. */
export const maximumWeightBytes = 1e9;

/**
 * Reads a file of pre-trained weights.
 *
 * @throws ConfigError naming a path that cannot be read or holds no regular file of at most 1 GB.
 */
export async function readWeightFile(path: string): Promise<Uint8Array> {
  return readRegularFile(path, { maxBytes: maximumWeightBytes }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new ConfigError(`Expected an .h5 weight file at ${path}, received ${error.received}.`, [], { cause: error });
  });
}
