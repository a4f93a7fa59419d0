import { pipeline, Readable } from 'node:stream';
import { readInChunks, StorageError } from '@chorus/storage';
import { parse } from 'csv-parse';

/**
 * Reads an untrusted CSV file row by row.
 *
 * @param path of a regular file of at most 2 GiB, whose rows have at most 64 MiB each.
 * @throws StorageError naming the file when it cannot be read, or is not CSV.
 * @example
 * for await (const [path, label] of csvRows('run/predictions.csv')) console.log(path, label);
 */
export function csvRows(path: string): AsyncGenerator<string[], void> {
  return rowsOf<string[]>(path, false);
}

/**
 * As {@link csvRows}, with the cells of each row by the names in the first one.
 *
 * @throws as {@link csvRows}.
 */
export function csvRecords(path: string): AsyncGenerator<Partial<Record<string, string>>, void> {
  return rowsOf<Partial<Record<string, string>>>(path, true);
}

// --- internal ---

const maxTableBytes = 2 ** 31;
/** Probabilities of ten classifiers for 100,000 classes take 20 MB. */
const maxRowBytes = 64 * 2 ** 20;

async function* rowsOf<Row>(path: string, columns: boolean): AsyncGenerator<Row, void> {
  const rows = parse({ columns, max_record_size: maxRowBytes });
  // An error of either stream ends both, and the loop over the rows.
  pipeline(Readable.from(readInChunks(path, { maxBytes: maxTableBytes })), rows, () => {});
  try {
    yield* rows as AsyncIterable<Row>;
  } catch (error) {
    // Errors of the parser have codes; any other error is a bug.
    if (error instanceof StorageError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new StorageError(`${path}: cannot read the table: ${(error as Error).message}`, { cause: error });
  }
}
