import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes the smallest image that is accepted, a GIF of one pixel: red and blue are `grey`. */
export async function writeSquare(path: string, grey: number, green = grey): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
  // Both colors of its palette.
  gif.fill(grey, 13, 19);
  gif[14] = green;
  await writeFile(path, gif);
}
