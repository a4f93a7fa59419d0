import { isHiddenFile } from './hidden-file.ts';

/**
 * Images by the folder that they are in, which names their class; without hidden files.
 *
 * @param files by their path.
 * @returns null if a file is in no folder.
 */
export function classFolders(files: ReadonlyMap<string, File>): ReadonlyMap<string, File[]> | null {
  const folders = new Map<string, File[]>();
  for (const [path, file] of files) {
    if (isHiddenFile(file)) continue;
    const name = path.split('/').at(-2);
    if (name === undefined || name === '') return null;
    const images = folders.get(name) ?? [];
    images.push(file);
    folders.set(name, images);
  }
  return folders;
}
