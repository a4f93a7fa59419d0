/** What a run gives, without what differs from run to run: times. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sha256 } from '@chorus/storage';

/** SHA-256 by path below the run folder, of predictions, members, student and bundle. */
export type Outcome = ReadonlyMap<string, string>;

/** Reads the outcome of a finished run. */
export async function readOutcome(run: string): Promise<Outcome> {
  const entries = await readdir(run, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const paths = files.map((file) => relative(run, file)).filter((path) => isOutcome(path));
  return new Map(
    await Promise.all(paths.toSorted().map(async (path) => [path, sha256(await readFile(join(run, path)))] as const)),
  );
}

/** Paths of the files that only one of two outcomes has, or whose bytes differ. */
export function differences(one: Outcome, other: Outcome): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((path) => one.get(path) !== other.get(path));
}

// --- internal ---

/** Times are in metrics, reports, and manifests of members, whose checksums differ with them. */
function isOutcome(path: string): boolean {
  if (path.startsWith('bundle/')) return true;
  return /(^predictions\.csv|^label-issues\.csv|\.bin|\.f32)$/.test(path);
}
