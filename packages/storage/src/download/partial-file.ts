/** The received part of a file, stored beside its final path with a record of its URL and version. */
import { constants } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { readJsonFile } from '../json-file.ts';
import { withFreeFile } from '../open-files.ts';
import { publishFile } from '../publish.ts';

/** The file that a part belongs to. */
export interface PartOf {
  url: string;
  /** The server's validators of this version of the file. */
  etag?: string;
  lastModified?: string;
  /** Size of the whole file, if the server reports it. */
  totalBytes?: number;
}

export interface PartialFile {
  path: string;
  /** Returns the size of the part and the file it belongs to; undefined if there is nothing to resume. */
  state(): Promise<{ bytes: number; of: PartOf } | undefined>;
  /** Discards the existing part and starts an empty one. */
  begin(of: PartOf): Promise<void>;
  /**
   * Writes at an explicit position instead of appending, so that a suspended process that lost its lock rewrites the same
   * bytes in place instead of duplicating them.
   */
  writer(): Promise<{ write(chunk: Uint8Array, position: number): Promise<void>; close(): Promise<void> }>;
  discard(): Promise<void>;
}

/** Returns the partial file of a final path. The caller must hold the lock of that path. */
export function partialFileOf(finalPath: string): PartialFile {
  const path = `${finalPath}.partial`;
  const notePath = `${path}.json`;
  return {
    path,
    async state() {
      const of = readPartOf(await readJsonFile(notePath).catch(() => undefined));
      const size = await stat(path).then(
        (stats) => (stats.isFile() ? stats.size : 0),
        () => 0,
      );
      return of === undefined || size === 0 ? undefined : { bytes: size, of };
    },
    async begin(of) {
      // Truncates before the record changes, so that a part is never attributed to another file.
      // Avoids the flag `w`, which blocks on a named pipe.
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
      await (await withFreeFile(path, () => open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK))).close();
      await publishFile(notePath, JSON.stringify(of));
    },
    async writer() {
      const file = await withFreeFile(path, () => open(path, 'r+'));
      return {
        async write(chunk, position) {
          for (let done = 0; done < chunk.length; ) {
            const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
            done += bytesWritten;
          }
        },
        close: () => file.close(),
      };
    },
    async discard() {
      await rm(path, { force: true });
      await rm(notePath, { force: true });
    },
  };
}

// --- internal ---

/** Returns undefined for an unreadable record: the download starts over. */
function readPartOf(note: unknown): PartOf | undefined {
  const { url, etag, lastModified, totalBytes } = (note ?? {}) as Record<string, unknown>;
  if (typeof url !== 'string') return undefined;
  return {
    url,
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
    ...(Number.isSafeInteger(totalBytes) ? { totalBytes: totalBytes as number } : {}),
  };
}
