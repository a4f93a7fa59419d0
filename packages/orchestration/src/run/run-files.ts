/** The files that runs write into their folders, of all versions. */
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { removeUnfinished, sealedFileNames } from '@chorus/storage';

/** Removes the files that a run writes, and the folders that are empty afterwards. The caller must hold the lock of the folder. */
export async function removeRunFiles(folder: string): Promise<void> {
  // `experiment.json`, which identifies a run folder, comes last, so that an interrupted removal can be repeated.
  await removeUnfinished(folder);
  await removeMatching(folder, 'members', (path) => memberFile.test(path));
  await removeMatching(folder, 'checkpoints', (path) => checkpointFile.test(path));
  await removeMatching(folder, 'student', (path) => memberFile.test(`student/all/${path}`));
  await removeMatching(folder, 'tensorboard', (path) => eventFile.test(path));
  const sealed = await sealedFileNames(join(folder, 'bundle'));
  await removeMatching(folder, 'bundle', (path) => sealed.has(path));
  for (const name of runFiles) await rm(join(folder, name), { force: true });
}

/** Whether a run has trained anything: an epoch, a member or a checkpoint. */
export async function hasTrained(folder: string): Promise<boolean> {
  const epochs = await stat(join(folder, 'metrics.jsonl')).catch(() => undefined);
  if (epochs !== undefined && epochs.size > 0) return true;
  for (const name of ['members', 'checkpoints', 'student', 'bundle']) {
    const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true }).catch(() => []);
    if (entries.some((entry) => !entry.isDirectory())) return true;
  }
  return false;
}

// --- internal ---

/** In the order of their removal. */
const runFiles = [
  'predictions.csv',
  'label-issues.csv',
  'grad-cam.json',
  'metrics.jsonl',
  'report.html',
  'MODEL_CARD.md',
  'report.json',
  'plan.json',
  'budget.json',
  'restarts.json',
  'experiment.json',
] as const;

/** Below `members`: a folder per member and fold; earlier versions wrote `held-out.f32`. */
const memberFile = /^[^/]+\/[^/]+\/(member\.json|weights\.bin|out-of-fold(-views)?\.f32|held-out\.f32|SHA256SUMS)$/;

/** Below `checkpoints`: of each member and fold; a killed process leaves temporary folders. */
const checkpointFile =
  /^[^/]+\/[^/]+\/(checkpoint-\d+|\.checkpoint-\d+\.tmp-\d+-[0-9a-f]+)\/(checkpoint\.json|[a-z0-9-]+\.bin|SHA256SUMS)$/;

/** Below `tensorboard`: those of Chorus, of `EventFile`. */
const eventFile = /(^|\/)events\.out\.tfevents\.\d+\.chorus\.\d+$/;

/** Removes the matching files below a folder, and the folders that are empty afterwards. */
async function removeMatching(folder: string, name: string, matches: (path: string) => boolean): Promise<void> {
  const root = join(folder, name);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const pathOf = ({ parentPath, name: own }: (typeof entries)[number]) => relative(root, join(parentPath, own));
  for (const entry of entries)
    if (entry.isFile() && matches(pathOf(entry).replaceAll(sep, '/'))) await rm(join(root, pathOf(entry)));
  // The deepest first; a folder with other files stays.
  const folders = entries.filter((entry) => entry.isDirectory()).map(pathOf);
  for (const path of [...folders.toSorted((a, b) => b.length - a.length), ''])
    await rmdir(join(root, path)).catch(() => {});
}
