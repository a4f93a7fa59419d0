/** A public file in the user's cache: downloaded once, published atomically, and verified at every use. */
import { measureFile } from '../checksum.ts';
import { StorageError } from '../errors.ts';
import { type Lock, withLock } from '../lock.ts';
import { publishWrittenFile } from '../publish.ts';
import { type Client, createClient } from './client.ts';
import { explainFault } from './faults.ts';
import { firstTrustPath, readFirstTrust, writeFirstTrust } from './first-trust.ts';
import { type DownloadLimits, downloadLimits } from './limits.ts';
import { type PartialFile, partialFileOf } from './partial-file.ts';
import { withRetries } from './retry.ts';
import { checkSource, type FileSource, hasHash, readAddress } from './source.ts';
import { transfer } from './transfer.ts';

export interface FetchOptions {
  /** Absolute path of the file, in a folder of the user's cache. */
  path: string;
  /** Maximum size of the file, in bytes. */
  maximumBytes: number;
  /**
   * Checks the content of the file at `path` and throws if it is not valid. Called if there is no publisher's hash, before
   * a file is trusted for the first time.
   */
  check?: (path: string) => Promise<void>;
  /** Overrides of `downloadLimits`. */
  limits?: Partial<DownloadLimits>;
  /** Called with the bytes received so far and the total, if the server reports it. */
  onProgress?: (bytes: number, totalBytes: number | undefined) => void;
  /** Called with a message when the download waits, retries, or replaces a damaged file. */
  onNotice?: (notice: string) => void;
  signal?: AbortSignal;
  /** For tests: allows http from this machine without a hash. */
  allowLoopbackHttp?: boolean;
}

export interface FetchedFile {
  path: string;
  bytes: number;
  sha256: string;
}

/**
 * Returns a file from the cache, and downloads it if it is missing or damaged.
 *
 * Without a publisher's hash, the file must pass `check` when it is first seen; its SHA-256 is then recorded beside it,
 * and the file must match that record from then on. An interrupted download resumes, in this process or a later one;
 * concurrent processes share one download. A file that the user puts at `path` is verified the same way and needs no
 * network.
 *
 * @throws StorageError naming the URL, the problem and its remedy; the signal's reason.
 */
export async function fetchFile(source: FileSource, options: FetchOptions): Promise<FetchedFile> {
  const { path, signal, onNotice } = options;
  checkSource(source);
  const rules = { hasHash: hasHash(source), allowLoopbackHttp: options.allowLoopbackHttp ?? false };
  const limits = { ...downloadLimits, ...options.limits };
  try {
    // An invalid URL is an error even if the file is cached.
    readAddress(source.url, rules);
    signal?.throwIfAborted();
    // No lock and no writes on this path: the cache may be shared and read-only.
    const cached = await inspect(path, source);
    if (cached.state === 'good') return cached.file;
    const waiting = (owner: string | undefined) =>
      onNotice?.(`waiting for process ${owner ?? 'unknown'} to download ${path}`);
    return await withLock(
      path,
      async (lock) => {
        const client = await createClient({ limits, rules, maximumBytes: options.maximumBytes, signal });
        try {
          return await fetchAlone(source, options, { lock, client, limits });
        } finally {
          await client.close();
        }
      },
      { onWait: waiting, ...(signal === undefined ? {} : { signal }) },
    );
  } catch (error) {
    throw explainFault(error as NodeJS.ErrnoException, source.url, path);
  }
}

// --- internal ---

interface Tools {
  lock: Lock;
  client: Client;
  limits: DownloadLimits;
}

type Inspection =
  | { state: 'good'; file: FetchedFile }
  /** There is no known hash to compare with, and the file is not yet trusted. */
  | { state: 'new'; file: FetchedFile }
  /** `reason` is a full sentence; the final error message ends with `fix`. */
  | { state: 'wrong'; reason: string; fix?: string }
  | { state: 'missing' };

/** Runs under the lock; checks the file again, because another process may have downloaded it during the wait. */
async function fetchAlone(source: FileSource, options: FetchOptions, tools: Tools): Promise<FetchedFile> {
  const { path, onNotice } = options;
  const there = await judge(path, path, source, options);
  if (there.state === 'good') return there.file;
  if (there.state === 'wrong') onNotice?.(`${there.reason} Downloading it again.`);
  const partial = partialFileOf(path);
  const arrived = await arrive(source, partial, options, tools).catch((error) => {
    const explained = explainFault(error, source.url, path);
    if (there.state === 'missing' || !(explained instanceof StorageError)) throw explained;
    throw new StorageError(`${there.reason} The file could not be replaced: ${explained.message}`, { cause: error });
  });
  await tools.lock.assertHeld();
  await publishWrittenFile(partial.path, path);
  await partial.discard();
  return { ...arrived, path };
}

/** Downloads and verifies the content; wrong content is downloaded once more, from the beginning. */
async function arrive(
  source: FileSource,
  partial: PartialFile,
  options: FetchOptions,
  { client, limits }: Tools,
): Promise<FetchedFile> {
  const { path, signal, onNotice, onProgress, maximumBytes } = options;
  for (let chance = 1; ; chance += 1) {
    const work = () => transfer(source, partial, client, { maximumBytes, onProgress });
    await withRetries(work, limits, {
      signal,
      onRetry: ({ message }, delayMs) =>
        onNotice?.(`${source.url}: ${message}; trying again in ${(delayMs / 1000).toFixed(1)} s`),
    });
    const verdict = await judge(partial.path, path, source, options);
    if (verdict.state === 'good') return verdict.file;
    if (verdict.state === 'missing') throw new StorageError(`${partial.path} was removed during the download.`);
    await partial.discard();
    if (chance === 2) throw new StorageError(`${verdict.reason} A second download was wrong, too${verdict.fix ?? ''}.`);
    onNotice?.(`${verdict.reason} Downloading it again.`);
  }
}

/**
 * Verifies a file. A new file that passes the check is trusted from then on.
 *
 * @param contentPath the current path of the file; `path` is its final path.
 */
async function judge(
  contentPath: string,
  path: string,
  source: FileSource,
  { check }: FetchOptions,
): Promise<Exclude<Inspection, { state: 'new' }>> {
  const found = await inspect(contentPath, source, path);
  if (found.state !== 'new') return found;
  try {
    await check?.(contentPath);
  } catch (error) {
    return { state: 'wrong', reason: `Unexpected content from ${source.url}: ${(error as Error).message}` };
  }
  const { bytes, sha256 } = found.file;
  // Recorded before the file gets its final name, so that every visible file has a record.
  await writeFirstTrust(path, { url: source.url, bytes, sha256 });
  return { state: 'good', file: found.file };
}

/** Compares a file with the publisher's hash or, without one, with the recorded SHA-256. */
async function inspect(contentPath: string, source: FileSource, path = contentPath): Promise<Inspection> {
  const measured = await measureFile(contentPath, source.md5 === undefined ? ['sha256'] : ['sha256', 'md5']).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (measured === undefined) return { state: 'missing' };
  const { bytes, hashes } = measured;
  const file = { path: contentPath, bytes, sha256: hashes.sha256 };
  const wrong = (expected: string, received: string | number) => ({
    state: 'wrong' as const,
    reason: `Expected ${expected} for ${path} from ${source.url}, received ${received}.`,
  });
  if (source.bytes !== undefined && source.bytes !== bytes) return wrong(`${source.bytes} bytes`, bytes);
  for (const name of ['sha256', 'md5'] as const)
    if (source[name] !== undefined && source[name] !== hashes[name])
      return wrong(`${name} ${source[name]}`, hashes[name]);
  if (hasHash(source)) return { state: 'good', file };
  const trusted = await readFirstTrust(path);
  if (trusted === undefined) return { state: 'new', file };
  if (trusted.sha256 === hashes.sha256) return { state: 'good', file };
  return {
    ...wrong(`sha256 ${trusted.sha256}, recorded at the first download,`, hashes.sha256),
    fix: `; if the publisher changed the file and you trust the new version, delete ${firstTrustPath(path)}`,
  };
}
