/** Trust on first use: records the SHA-256 of a file without a publisher's hash; later downloads must match it. */
import { StorageError } from '../errors.ts';
import { publishFile } from '../publish.ts';
import { readRegularFile, UnreadableFileError } from '../regular-file.ts';

export interface FirstTrust {
  url: string;
  bytes: number;
  sha256: string;
}

/** Path of the record, beside the file. Deleting the record accepts the next download. */
export function firstTrustPath(path: string): string {
  return `${path}.trusted.json`;
}

/**
 * Reads the trust record of a file.
 *
 * @returns undefined when the file was never trusted.
 * @throws StorageError for an invalid record, which must not count as a missing one.
 */
export async function readFirstTrust(path: string): Promise<FirstTrust | undefined> {
  const recordPath = firstTrustPath(path);
  const content = await readRegularFile(recordPath, { maxBytes: 2 ** 16 }).catch((error: unknown) => {
    if (error instanceof UnreadableFileError && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (content === undefined) return undefined;
  const record = parse(content.toString());
  if (typeof record.url === 'string' && typeof record.bytes === 'number' && typeof record.sha256 === 'string')
    return { url: record.url, bytes: record.bytes, sha256: record.sha256 };
  throw new StorageError(
    `Expected url, bytes and sha256 in ${recordPath}; delete the file to trust the next download.`,
  );
}

export async function writeFirstTrust(path: string, record: FirstTrust): Promise<void> {
  await publishFile(firstTrustPath(path), `${JSON.stringify(record, null, 2)}\n`);
}

// --- internal ---

function parse(text: string): Partial<Record<keyof FirstTrust, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Record<keyof FirstTrust, unknown>>;
  } catch {
    return {};
  }
}
