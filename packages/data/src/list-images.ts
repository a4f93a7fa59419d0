import { realpath } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import { compareNames } from './display-name.ts';
import { DataError } from './errors.ts';
import { ImageWalk, type SkippedEntry, type WalkedFile } from './image-walk.ts';

/**
 * Lists the images of a folder without classes, those in its subfolders too, by the rules of a class folder.
 *
 * @returns `files` sorted by their paths; `skipped`: what lies there and is no image, or a link that is not followed.
 * @throws DataError when there is no such folder.
 */
export async function listImages(root: string): Promise<{ files: WalkedFile[]; skipped: SkippedEntry[] }> {
  const realRoot = await realpath(root).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`Expected a folder of images at ${root}, received: ${systemErrorText(error)}.`);
  });
  const walk = new ImageWalk({ realRoot, followLinks: false });
  const files: WalkedFile[] = [];
  // The folder itself may be a link: it was named.
  await walk.enter({ path: realRoot, relativePath: root, files });
  await walk.followLinks();
  files.sort((a, b) => compareNames(a.relativePath, b.relativePath));
  // Paths as the user named the folder, not where a link leads.
  return { files: files.map((file) => ({ ...file, path: file.relativePath })), skipped: walk.skipped };
}
