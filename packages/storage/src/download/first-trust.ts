/**
 * What a file without a publisher's hash was when it was first downloaded and checked: later ones have to be the same.
 */
import { StorageError } from '../errors.ts';
import { publishFile } from '../publish.ts';
import { readRegularFile, UnreadableFileError } from '../regular-file.ts';

export interface FirstTrust {
  url: string;
  bytes: number;
  sha256: string;
}

/** Where it is kept, beside the file; who deletes it accepts whatever comes next. */
export function firstTrustPath(path: string): string {
  return `${path}.trusted.json`;
}

/**
 * @returns undefined when the file was never trusted.
 * @throws StorageError when there is a record that says nothing: that must not pass for none.
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
  throw new StorageError(`Expected url, bytes and sha256 in ${recordPath}, received others; delete it to trust anew.`);
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
