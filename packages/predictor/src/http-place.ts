/** A bundle behind a URL. */
import { withoutCredentials } from '@chorus/storage/without-credentials';
import type { BundlePlace, ReadOptions } from './bundle-files.ts';
import { PredictorError } from './errors.ts';

/** Keeps files by their checksum. */
export interface FileCache {
  /** Returns undefined for a file that is not there, or cannot be read. */
  find(url: URL, sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps a file in place of earlier ones of its URL, if there is room for it. */
  keep(url: URL, sha256: string, content: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** @param url of the bundle's folder; every request repeats its query, such as the signature of a signed URL. */
export function httpPlace(url: URL, cache?: FileCache | undefined): BundlePlace {
  // Without the query: it may be secret, so messages leave it out, and it may change, so the cache ignores it.
  const folder = new URL(url);
  folder.search = '';
  folder.hash = '';
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  const name = folder.href;
  const urlOf = (file: string) => new URL(file.split('/').map(encodeURIComponent).join('/'), folder);
  const withQuery = (plain: URL) => Object.assign(new URL(plain), { search: url.search });
  return {
    name: name.replace(/\/$/, ''),
    async read(file, options) {
      const { sha256, maxBytes, onBytes, signal } = options;
      const kept = sha256 === undefined ? undefined : await cache?.find(urlOf(file), sha256);
      signal?.throwIfAborted();
      if (kept !== undefined && kept.length <= maxBytes) {
        onBytes?.(kept.length);
        return kept;
      }
      requireNoPassword(folder);
      return fetchBytes(withQuery(urlOf(file)), `${name}${file}`, options);
    },
    async keep(file, sha256, content) {
      await cache?.keep(urlOf(file), sha256, content);
    },
  };
}

/**
 * Fetches the content of a URL.
 *
 * @param name for messages.
 * @throws PredictorError for a URL with a password, and when the server does not answer with it, or with more bytes than `maxBytes`;
 * the signal's reason.
 */
export async function fetchBytes(
  url: URL,
  name: string,
  { maxBytes, onBytes, signal }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireNoPassword(url);
  const response = await orRefuse(name, signal, () => fetch(url, { cache: 'no-cache', signal: signal ?? null }));
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new PredictorError(`Cannot read ${name}: the server answered with status ${response.status}.`);
  }
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await orRefuse(name, signal, () => reader.read());
    if (done) break;
    byteCount += value.length;
    if (byteCount > maxBytes) {
      await reader.cancel();
      throw new PredictorError(`Cannot read ${name}: expected at most ${maxBytes} bytes, received more.`);
    }
    parts.push(value);
    onBytes?.(value.length);
  }
  const content = new Uint8Array(byteCount);
  let end = 0;
  for (const part of parts) {
    content.set(part, end);
    end += part.length;
  }
  return content;
}

// --- internal ---

/** `fetch` refuses such a URL, too, but its message would repeat the password. */
function requireNoPassword(url: URL): void {
  if (url.username === '' && url.password === '') return;
  throw new PredictorError(
    `Cannot read ${withoutCredentials(url.href)}: expected a URL without a user name and a password.`,
  );
}

async function orRefuse<Result>(
  name: string,
  signal: AbortSignal | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    signal?.throwIfAborted();
    // Browsers hide why; node has the reason as the cause.
    const { message, cause } = error as Error;
    throw new PredictorError(`Cannot read ${name}: ${(cause as Error | undefined)?.message ?? message}.`, {
      cause: error,
    });
  }
}
