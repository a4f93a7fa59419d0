import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';

/**
 * Whether an earlier export lies at a place, to be replaced, or nothing.
 *
 * @throws ConfigError for anything else, also among the export's files: it is not ours to remove.
 */
export async function isEarlierExport(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] | undefined => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (names?.length === 0) return false;
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
  const mark = exportMark.safeParse(parsed(await readFile(join(folder, 'export.json'), 'utf8')));
  return mark.success ? new Set(mark.data.files) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** With `/` between folders; a link is one file, wherever it leads. */
async function filesIn(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const lists = entries.map((entry) =>
    entry.isDirectory() ? filesIn(folder, `${below}${entry.name}/`) : [`${below}${entry.name}`],
  );
  return (await Promise.all(lists)).flat();
}

function refusal(expected: string, folder: string, received: string): ConfigError {
  return new ConfigError(`Expected ${expected} at ${folder}, received ${received}; name another place with --out.`);
}

function few(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}
