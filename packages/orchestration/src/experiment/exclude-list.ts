/** The file of `data.exclude`: a list of paths, or a CSV table with a column `path`. */
import { isUtf8 } from 'node:buffer';
import { readRegularFile, StorageError, UnreadableFileError } from '@chorus/storage';
import { type CsvError, parse } from 'csv-parse/sync';
import { csvLine } from '../csv.ts';
import { ConfigError } from '../errors.ts';

/** A path of an image, relative to the data folder, and its line in the file, counted from 1. */
export interface ExcludedPath {
  path: string;
  line: number;
}

/**
 * Reads a list with one path per line, or a CSV table (RFC 4180) whose first line has a column `path`, such as
 * `label-issues.csv`. Commas, semicolons or tabs separate its cells. Lines that begin with `#` are comments, and empty lines
 * are ignored.
 *
 * @throws ConfigError when the file cannot be read, is not valid UTF-8 or, as a table, is not valid or has no column `path`.
 */
export async function readExcludeList(file: string): Promise<ExcludedPath[]> {
  const bytes = await readRegularFile(file, { maxBytes: maxListBytes }).catch((error: unknown) => {
    if (error instanceof UnreadableFileError)
      throw new ConfigError(`Cannot read the list of images to exclude, ${file}: ${error.received}.`);
    throw error instanceof StorageError ? new ConfigError(error.message) : error;
  });
  if (!isUtf8(bytes))
    throw new ConfigError(`Expected a list of images in UTF-8, received other bytes in ${file}; save it as UTF-8.`);
  const text = bytes.toString().replace(/^\ufeff/, '');
  const header = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const delimiter = delimiters.find((one) => cellsOf(header, one).includes('path'));
  if (delimiter !== undefined) return readTable(file, text, delimiter);
  if (file.toLowerCase().endsWith('.csv'))
    throw new ConfigError(
      `Expected a column "path" in the first line of ${file}, received ${JSON.stringify(header.trim().slice(0, 80))}; to list one path per line, use another extension, such as .txt.`,
    );
  return text
    .split('\n')
    .map((path, index) => ({ path: path.replace(/\r$/, ''), line: index + 1 }))
    .filter(({ path }) => path.trim() !== '' && !path.startsWith('#'));
}

/**
 * Writes a table that {@link readExcludeList} reads, of any paths.
 *
 * @param paths of images, relative to the data folder.
 */
export function excludeListOf(paths: readonly string[]): string {
  return ['path', ...paths].map((path) => csvLine([path])).join('');
}

// --- internal ---

const maxListBytes = 256 * 2 ** 20;

/** Spreadsheets use semicolons where the comma is the decimal separator. */
const delimiters = [',', ';', '\t'];

function cellsOf(line: string, delimiter: string): string[] {
  return line
    .replace(/\r$/, '')
    .split(delimiter)
    .map((cell) => withoutSpaces(cell).replace(/^"(.*)"$/, '$1'));
}

/** Not trim(): a tab separates cells. */
function withoutSpaces(cell: string): string {
  return cell.replace(/^ +| +$/g, '');
}

function readTable(file: string, text: string, delimiter: string): ExcludedPath[] {
  try {
    const rows = parse(text, {
      ...{ delimiter, comment: '#', comment_no_infix: true },
      columns: (header: string[]) => header.map(withoutSpaces),
      // Only the column `path` is read.
      ...{ relax_column_count: true, skip_empty_lines: true },
      on_record: ({ path = '' }: { path?: string }, { lines: line }): ExcludedPath => ({ path, line }),
    }) as unknown as ExcludedPath[];
    return rows.filter(({ path }) => path !== '');
  } catch (error) {
    // The parser's errors have codes; any other error is a bug.
    const { code, lines, message } = error as CsvError;
    if (code === undefined) throw error;
    throw new ConfigError(`${file}:${lines}: not a valid CSV table: ${message}`, [], { cause: error });
  }
}
