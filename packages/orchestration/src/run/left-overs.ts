import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeAbandoned, removeUnfinished, writing } from '@chorus/storage';

/**
 * Removes the temporary files and folders that killed processes have left in a run folder. The caller must hold its lock.
 *
 * @throws UnwritableError when they cannot be removed.
 */
export async function removeLeftOvers(folder: string): Promise<void> {
  await writing(folder, async () => {
    // Commands that do not lock the run may be writing here, such as a new report of it.
    await removeAbandoned(folder);
    const ofTrainings = await subfolders(join(folder, 'checkpoints'));
    const places = [
      ...(await subfolders(join(folder, 'members'))),
      ...ofTrainings,
      ...(await Promise.all(ofTrainings.map(subfolders))).flat(),
    ];
    for (const place of places) await removeUnfinished(place);
  });
}

// --- internal ---

/** Paths of the folders in a folder; none without it. */
async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
