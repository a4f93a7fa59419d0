import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemFile, readJsonFile, StorageError } from '@chorus/storage';
import { z } from 'zod';
import { advise, ConfigError } from '../errors.ts';

/**
 * Whether something lies at a place that an export replaces: an earlier export, or a folder with nothing but files that
 * operating systems leave in folders.
 *
 * @throws ConfigError for anything else, also among the export's files: it is not ours to remove.
 */
export async function isEarlierExport(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  const names = entries?.filter((entry) => !isSystemFile(entry)).map(({ name }) => name);
  if (names?.length === 0) return entries?.length !== 0;
  const files = names?.includes('export.json') ? await exportedFiles(folder) : undefined;
  if (names === undefined || files === undefined)
    throw refusal(
      'nothing or an earlier export',
      folder,
      names === undefined ? 'a file' : `a folder with ${few(names)}`,
    );
  const others = (await filesIn(folder)).filter((name) => !files.has(name));
  if (others.length > 0) throw refusal('what the earlier export wrote and nothing else', folder, few(others));
  return true;
}

// --- internal ---

/** Enough of an export.json to know one by. */
const exportMark = z.looseObject({ format: z.literal('chorus-export'), files: z.array(z.string()) });

/** What an export says that it is made of; undefined where it is none. */
async function exportedFiles(folder: string): Promise<ReadonlySet<string> | undefined> {
  const content = await readJsonFile(join(folder, 'export.json')).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  const mark = exportMark.safeParse(content);
  return mark.success ? new Set(mark.data.files) : undefined;
}

/** With `/` between folders; a link is one file, wherever it leads. */
async function filesIn(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const lists = entries.map((entry) => {
    const name = `${below}${entry.name}`;
    if (entry.isDirectory()) return filesIn(folder, `${name}/`);
    return isSystemFile(entry) ? [] : [name];
  });
  return (await Promise.all(lists)).flat();
}

function refusal(expected: string, folder: string, received: string): ConfigError {
  return advise(new ConfigError(`Expected ${expected} at ${folder}, received ${received}.`), { code: 'output-place' });
}

function few(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}
