/** A file that is written incrementally and published atomically. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { publishWrittenFile } from './publish.ts';

export interface WholeFile {
  /** Appends text in UTF-8. */
  write(text: string): Promise<void>;
  /** Publishes the file and replaces an existing one. No writes may follow. */
  publish(): Promise<void>;
  /** Removes the temporary file and keeps the existing one. May be called at any time, also after `publish`. */
  discard(): Promise<void>;
}

/** Opens a temporary file beside `path`; creates the folder if it is missing. */
export async function openWholeFile(path: string): Promise<WholeFile> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`);
  const file = await open(temporary, 'wx');
  let isOpen = true;
  const close = async () => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    async write(text) {
      await file.appendFile(text);
    },
    async publish() {
      await close();
      await publishWrittenFile(temporary, path);
    },
    async discard() {
      await close();
      await rm(temporary, { force: true });
    },
  };
}
