import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DecodeOptions, decodeImage } from '@chorus/data';
import type { Finding } from '../finding.ts';
import { runScript } from '../python.ts';
import { hasPhotographs, somePhotographs } from './photographs.ts';

/** A size larger than many files, an odd one, and the default of most backbones. */
const sizes = [32, 161, 224];

const options: DecodeOptions = { background: 'white', resize: 'pillow', maxPixels: 100_000_000, timeoutMs: 60_000 };

/**
 * Compares decoding and resizing by Chorus with Keras's `load_img(target_size, interpolation='bilinear')`, for files of every
 * kind that pillow_check.py draws, and for photographs if present: the largest difference of a value, of 255.
 */
export async function comparePillow(python: string, folder: string): Promise<Finding[]> {
  const drawn = join(folder, 'pillow');
  mkdirSync(drawn);
  const photographs = hasPhotographs() ? somePhotographs() : [];
  const lines = await runScript(python, 'pillow_check.py', [drawn, sizes.join(','), ...photographs]);
  const files = lines.map((line) => JSON.parse(line) as { what: string; path: string });
  const theirs = readFileSync(join(drawn, 'squares.u8'));
  const worst = new Map<string, { fileCount: number; difference: number; where: string }>();
  let at = 0;
  for (const { what, path } of files) {
    const kind = worst.get(what) ?? { fileCount: 0, difference: 0, where: '' };
    kind.fileCount += 1;
    for (const [index, ours] of (await decodeImage(path, sizes, options)).entries()) {
      const difference = largestDifference(ours, theirs.subarray(at, at + ours.length));
      if (difference > kind.difference) Object.assign(kind, { difference, where: `${path} at ${sizes[index]} px` });
      at += ours.length;
    }
    worst.set(what, kind);
  }
  if (at !== theirs.length) throw new Error(`expected ${theirs.length} values from Keras, received ${at}`);
  return Array.from(worst, ([what, { fileCount, difference, where }]) => ({
    check: `pixels of ${fileCount} ${what} at ${sizes.join(', ')} px`,
    worst: difference,
    limit: 0,
    where,
  }));
}

// --- internal ---

function largestDifference(ours: Uint8Array, theirs: Uint8Array): number {
  return ours.reduce((largest, value, index) => Math.max(largest, Math.abs(value - theirs[index]!)), 0);
}
