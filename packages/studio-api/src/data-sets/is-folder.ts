import { stat } from 'node:fs/promises';

/** Whether a path is that of a folder, or of a link to one. */
export function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
