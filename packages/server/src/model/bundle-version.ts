import { join } from 'node:path';
import { StorageError, sha256File } from '@chorus/storage';
import { checksumListName } from '@chorus/storage/checksum-list';
import { ServerError } from '../errors.ts';

/**
 * What a bundle's content is named by: the first digits of the sha256 of its list of checksums.
 *
 * @throws ServerError without a list of checksums.
 */
export async function bundleVersion(bundle: string): Promise<string> {
  try {
    return (await sha256File(join(bundle, checksumListName))).slice(0, 12);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new ServerError(`Expected a bundle at ${bundle}. ${error.message}`, { cause: error });
  }
}
