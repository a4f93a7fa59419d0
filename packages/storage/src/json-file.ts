import { maxJsonBytes, parseJson } from './json.ts';
import { readRegularFile } from './regular-file.ts';

/**
 * Reads and parses an untrusted JSON file.
 *
 * @throws StorageError naming the file if it is unreadable, not a regular file, too large, or rejected by
 * {@link parseJson}.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readRegularFile(path, { maxBytes: maxJsonBytes }), path);
}
