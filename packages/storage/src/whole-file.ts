/** A file that is written incrementally and published atomically. */
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writing } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { withFreeFile } from './open-files.ts';
import { publishWrittenFile } from './publish.ts';
import { removeAbandoned, temporaryPath } from './temporary-name.ts';

export interface WholeFile {
  /** Appends text in UTF-8. */
  write(text: string): Promise<void>;
  /** Publishes the file and replaces an existing one. No writes may follow. */
  publish(): Promise<void>;
  /** Removes the temporary file and keeps the existing one. May be called at any time, also after `publish`. */
  discard(): Promise<void>;
}

/**
 * Opens a temporary file beside `path`; creates the folder if it is missing, and removes what ended processes have left of the file.
 *
 * @throws UnwritableError naming `path`, as `write` and `publish` do.
 */
export async function openWholeFile(path: string): Promise<WholeFile> {
  const temporary = await temporaryPath(path);
  const file = await writing(path, async () => {
    await makeFolder(dirname(path));
    await removeAbandoned(dirname(path), path);
    return withFreeFile(path, () => open(temporary, 'wx'));
  });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    async write(text) {
      await writing(path, () => file.appendFile(text));
    },
    async publish() {
      await writing(path, close);
      await publishWrittenFile(temporary, path);
    },
    async discard() {
      await close();
      await rm(temporary, { force: true });
    },
  };
}
