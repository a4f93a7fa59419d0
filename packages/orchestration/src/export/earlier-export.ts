import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemFile, readJsonFile, StorageError } from '@chorus/storage';
import { z } from 'zod';
import { advise, ConfigError } from '../errors.ts';

/**
 * Whether the folder exists and can be replaced: it is an earlier export, or has only files that operating systems create.
 *
 * @throws ConfigError for a file, or a folder with any other files, which an export must not remove.
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
  if (others.length > 0) throw refusal('only files of the earlier export', folder, few(others));
  return true;
}

// --- internal ---

/** The fields that identify an export.json. */
const exportMark = z.looseObject({ format: z.literal('chorus-export'), files: z.array(z.string()) });

/** The files that an export lists; undefined if the folder is not an export. */
async function exportedFiles(folder: string): Promise<ReadonlySet<string> | undefined> {
  const content = await readJsonFile(join(folder, 'export.json')).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  const mark = exportMark.safeParse(content);
  return mark.success ? new Set(mark.data.files) : undefined;
}

/** Paths with `/` between folders; a link counts as a file. */
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
