import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder and its parents.
 *
 * Node's recursive mkdir never returns for paths below /proc, whose folders exist but reject new entries, and reports a read-only file
 * system as a missing folder.
 *
 * @throws the file system's error.
 */
export async function makeFolder(folder: string): Promise<void> {
  const code = await mkdir(folder).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST' || (error.code === 'ENOENT' && dirname(folder) !== folder)) return error.code;
      throw error;
    },
  );
  if (code !== 'ENOENT') return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another process may have created it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  });
}
