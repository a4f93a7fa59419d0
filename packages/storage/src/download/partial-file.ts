/** What has arrived of a file, beside its final place, with a note of what it is a part of. */
import { constants } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { readJsonFile } from '../json-file.ts';
import { publishFile } from '../publish.ts';

/** Which content a part belongs to. */
export interface PartOf {
  url: string;
  /** The server's words for this version of the file. */
  etag?: string;
  lastModified?: string;
  /** Of the whole file, where the server told. */
  totalBytes?: number;
}

export interface PartialFile {
  path: string;
  /** How much is there, and of what; undefined when nothing is there that can be continued. */
  state(): Promise<{ bytes: number; of: PartOf } | undefined>;
  /** Forgets what is there and begins another. */
  begin(of: PartOf): Promise<void>;
  /**
   * Writes at a position. Never appends: who lost the lock while standing still would write twice, but writes the same
   * bytes at the same place.
   */
  writer(): Promise<{ write(chunk: Uint8Array, position: number): Promise<void>; close(): Promise<void> }>;
  discard(): Promise<void>;
}

/** The partial file of a final path; only for the holder of that path's lock. */
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
      // Empty before the note says something else: a part never passes for one of another file.
      // Not `w`, which waits for ever at a named pipe.
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
      await (await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK)).close();
      await publishFile(notePath, JSON.stringify(of));
    },
    async writer() {
      const file = await open(path, 'r+');
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

/** A note that cannot be read is none: the download starts over. */
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
