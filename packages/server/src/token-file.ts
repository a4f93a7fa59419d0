import { readRegularFile, UnreadableFileError } from '@chorus/storage';
import { ServerError } from './errors.ts';

/**
 * Reads a token for {@link serveBundle} from a file, without the white space around it.
 *
 * @param path of a regular file: opening a named pipe could block.
 * @throws ServerError when it cannot be read, or is empty.
 * @example
 * const server = await serveBundle('run/bundle', { host: '0.0.0.0', token: await readTokenFile('/run/secrets/token') });
 */
export async function readTokenFile(path: string): Promise<string> {
  const content = await readRegularFile(path, { maxBytes: maxTokenBytes }).catch((error: unknown) => {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new ServerError(`Cannot read the token in ${path}: ${error.received}.`, { cause: error });
  });
  const token = content.toString().trim();
  if (token === '') throw new ServerError(`Expected a token in ${path}, received an empty file.`);
  return token;
}

// --- internal ---

/** The headers of a request may have 16 KiB. */
const maxTokenBytes = 16 * 2 ** 10;
