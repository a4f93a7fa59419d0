import { createHash } from 'node:crypto';
import { StorageError } from './errors.ts';
import { readInChunks, readRegularFile, UnreadableFileError } from './regular-file.ts';

/** Returns the SHA-256 of bytes, or of a string encoded as UTF-8, as 64 lower-case hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Returns the SHA-256 of a regular file, read in chunks.
 *
 * @throws StorageError naming the path if it cannot be read.
 */
export async function sha256File(path: string): Promise<string> {
  return (await measureFile(path, ['sha256'])).hashes.sha256;
}

/**
 * Returns the size and the hashes (lower-case hexadecimal digits) of a regular file, read once, in chunks.
 *
 * @throws StorageError naming the path if it cannot be read.
 */
export async function measureFile<Name extends 'md5' | 'sha256'>(
  path: string,
  hashNames: readonly Name[],
): Promise<{ bytes: number; hashes: Record<Name, string> }> {
  const hashes = hashNames.map((name) => [name, createHash(name)] as const);
  let bytes = 0;
  for await (const chunk of readInChunks(path)) {
    bytes += chunk.length;
    for (const [, hash] of hashes) hash.update(chunk);
  }
  const digests = hashes.map(([name, hash]) => [name, hash.digest('hex')] as const);
  return { bytes, hashes: Object.fromEntries(digests) as Record<Name, string> };
}

/**
 * Reads a file and verifies its size and SHA-256.
 *
 * @throws StorageError naming the file and what differs.
 */
export async function readVerified(path: string, expected: { sha256: string; bytes: number }): Promise<Uint8Array> {
  const content = await readRegularFile(path, { maxBytes: 2 ** 31 }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new StorageError(`Expected a file of ${expected.bytes} bytes at ${path}: ${error.received}.`);
  });
  if (content.length !== expected.bytes)
    throw new StorageError(`${path} is damaged: expected ${expected.bytes} bytes, received ${content.length}.`);
  const actual = sha256(content);
  if (actual !== expected.sha256)
    throw new StorageError(`${path} is damaged: expected sha256 ${expected.sha256}, received ${actual}.`);
  return content;
}
