import { realpath } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import { compareNames } from './display-name.ts';
import { DataError } from './errors.ts';
import { ImageWalk, type SkippedEntry, type WalkedFile } from './image-walk.ts';

/**
 * Lists the images of a folder without classes, including its subfolders, by the rules of a class folder.
 *
 * @returns `files` sorted by path; `skipped`: entries that are not images, and links that are not followed.
 * @throws DataError when the folder does not exist.
 */
export async function listImages(root: string): Promise<{ files: WalkedFile[]; skipped: SkippedEntry[] }> {
  const realRoot = await realpath(root).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`Cannot read the folder of images ${root}: ${systemErrorText(error)}.`);
  });
  const walk = new ImageWalk({ realRoot, followLinks: false });
  const files: WalkedFile[] = [];
  // The folder itself may be a link.
  await walk.enter({ path: realRoot, relativePath: root, files });
  await walk.followLinks();
  files.sort((a, b) => compareNames(a.relativePath, b.relativePath));
  // Report paths below the folder as given, not below a link's target.
  return { files: files.map((file) => ({ ...file, path: file.relativePath })), skipped: walk.skipped };
}
