/** A public file in the user's cache: downloaded once, whole, and checked at every use. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
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
  /** Where the file shall be: absolute, in a folder of the user's cache. */
  path: string;
  /** Larger files are refused; bytes. */
  maximumBytes: number;
  /**
   * Looks at the whole content and throws when it is not what it should be; asked where there is no publisher's hash,
   * before a file is trusted for the first time.
   */
  check?: (path: string) => Promise<void>;
  /** What differs from `downloadLimits`. */
  limits?: Partial<DownloadLimits>;
  /** Bytes that are there, of how many, where the server tells. */
  onProgress?: (bytes: number, totalBytes: number | undefined) => void;
  /** Hears in words of waits, retries and damage, as they begin. */
  onNotice?: (notice: string) => void;
  signal?: AbortSignal;
  /** For tests: without a hash, http is good enough on this machine. */
  allowLoopbackHttp?: boolean;
}

export interface FetchedFile {
  path: string;
  bytes: number;
  sha256: string;
}

/**
 * Hands out a file of the cache, and downloads it when it is not there or not what it was.
 *
 * Without a publisher's hash the file has to pass `check` when it is first seen, its SHA-256 is noted beside it, and it
 * has to be the same ever after. A download that breaks off is continued, by this process or the next one; several
 * processes that ask at once share one. A file that the user puts at `path` is checked alike and needs no network.
 *
 * @throws StorageError naming the address, what came instead and what mends it; the signal's reason.
 */
export async function fetchFile(source: FileSource, options: FetchOptions): Promise<FetchedFile> {
  const { path, signal, onNotice } = options;
  checkSource(source);
  const rules = { hasHash: hasHash(source), allowLoopbackHttp: options.allowLoopbackHttp ?? false };
  const limits = { ...downloadLimits, ...options.limits };
  try {
    // A wrong address is one whatever the cache holds.
    readAddress(source.url, rules);
    signal?.throwIfAborted();
    // Needs no lock and writes nothing: a cache may be shared and read-only.
    const cached = await inspect(path, source);
    if (cached.state === 'good') return cached.file;
    await mkdir(dirname(path), { recursive: true });
    const waiting = (owner: string | undefined) => onNotice?.(`waiting for process ${owner}, which downloads ${path}`);
    return await withLock(
      path,
      async (lock) => {
        const client = createClient({ limits, rules, maximumBytes: options.maximumBytes, signal });
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
  /** Whole as far as can be told, and never seen before. */
  | { state: 'new'; file: FetchedFile }
  /** `reason` is a whole sentence; `mend` is what the last word to the user ends with. */
  | { state: 'wrong'; reason: string; mend?: string }
  | { state: 'missing' };

/** Runs while nobody else does: another process may have brought the file while we waited. */
async function fetchAlone(source: FileSource, options: FetchOptions, tools: Tools): Promise<FetchedFile> {
  const { path, onNotice } = options;
  const there = await judge(path, path, source, options);
  if (there.state === 'good') return there.file;
  if (there.state === 'wrong') onNotice?.(`${there.reason} It is downloaded again.`);
  const partial = partialFileOf(path);
  const arrived = await arrive(source, partial, options, tools).catch((error) => {
    const explained = explainFault(error, source.url, path);
    if (there.state === 'missing' || !(explained instanceof StorageError)) throw explained;
    throw new StorageError(`${there.reason} It could not be replaced: ${explained.message}`, { cause: error });
  });
  await tools.lock.assertHeld();
  await publishWrittenFile(partial.path, path);
  await partial.discard();
  return { ...arrived, path };
}

/** Downloads until the content is right; wrong content gets one more chance, from the beginning. */
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
    if (verdict.state === 'missing') throw new StorageError(`${partial.path} was removed while it was downloaded.`);
    await partial.discard();
    if (chance === 2) throw new StorageError(`${verdict.reason} It was downloaded twice${verdict.mend ?? ''}.`);
    onNotice?.(`${verdict.reason} It is downloaded again.`);
  }
}

/**
 * Whether a file may be handed out; one that is new and passes the check is trusted from now on.
 *
 * @param contentPath where it is; `path` is where it shall be.
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
    return { state: 'wrong', reason: `Expected another content of ${source.url}: ${(error as Error).message}` };
  }
  const { bytes, sha256 } = found.file;
  // Before the file gets its name: whoever sees that sees what it has to be.
  await writeFirstTrust(path, { url: source.url, bytes, sha256 });
  return { state: 'good', file: found.file };
}

/** Compares a file with the publisher's hash or, without one, with what it was at first. */
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
    reason: `Expected ${expected} of ${source.url} for ${path}, received ${received}.`,
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
    ...wrong(`sha256 ${trusted.sha256}, noted when it was first trusted,`, hashes.sha256),
    mend: `; if its publisher changed it and you trust the new one, delete ${firstTrustPath(path)}`,
  };
}
