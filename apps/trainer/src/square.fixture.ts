import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes the smallest image that is accepted, a GIF of one pixel: red and blue are `gray`. */
export async function writeSquare(path: string, gray: number, green = gray): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
  // Both colors of its palette.
  gif.fill(gray, 13, 19);
  gif[14] = green;
  await writeFile(path, gif);
}
