/** Reloads a bundle when its files have changed. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageService, ModelInUse } from './image-service.ts';

export interface WatchOptions {
  /** Time between two looks at the files, milliseconds. */
  intervalMs: number;
  onReload(model: ModelInUse): void;
  /** Receives why a bundle cannot be loaded, once for each state of its files. */
  onFailure(error: unknown): void;
}

/**
 * Looks at the bundle's files again and again: the events of a file system get lost when a folder is replaced, and on network file
 * systems. Files that still change are left alone.
 *
 * @returns a function that ends it.
 */
export async function watchBundle(
  service: ImageService,
  bundle: string,
  { intervalMs, onReload, onFailure }: WatchOptions,
): Promise<() => void> {
  let tried = await stateOf(bundle);
  let seen = tried;
  let timer: NodeJS.Timeout;
  let isEnded = false;
  const look = async () => {
    const state = await stateOf(bundle);
    const isStill = state === seen;
    seen = state;
    if (isStill && state !== tried && state !== missing) {
      tried = state;
      try {
        if (await service.reload()) onReload(service.model);
      } catch (error) {
        onFailure(error);
      }
    }
    lookLater();
  };
  const lookLater = () => {
    if (isEnded) return;
    timer = setTimeout(() => void look(), intervalMs);
    timer.unref();
  };
  lookLater();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}

// --- internal ---

/** While a folder is replaced, there is none. */
const missing = 'missing';

/** Differs after every change of a file. */
async function stateOf(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder, { recursive: true })).toSorted();
    const stats = await Promise.all(names.map((name) => stat(join(folder, name))));
    return names.map((name, index) => [name, stats[index]!.size, stats[index]!.mtimeMs, stats[index]!.ino]).join('\n');
  } catch {
    return missing;
  }
}
