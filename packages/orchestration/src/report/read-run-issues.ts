/** Reads `label-issues.csv` of a run. */
import { type LabelIssue, labelIssueSchema } from '@chorus/evaluation';
import { readRegularFile, StorageError } from '@chorus/storage';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';

/** An image whose label is implausible, and the images of the run that it belongs to. */
export interface RunLabelIssue extends LabelIssue {
  set: 'training' | 'test';
}

/**
 * Reads the images with implausible labels of a run, the least plausible first.
 *
 * @param path of `label-issues.csv`.
 * @throws StorageError when the file cannot be read or was not written by a run.
 */
export async function readRunIssues(path: string): Promise<RunLabelIssue[]> {
  const bytes = await readRegularFile(path, { maxBytes: maxTableBytes });
  try {
    return rowsSchema.parse(parse(bytes, { columns: true, cast: numberOf }));
  } catch (error) {
    throw new StorageError(`${path}: expected the label issues of a run.`, { cause: error });
  }
}

// --- internal ---

const maxTableBytes = 256 * 2 ** 20;
const rowsSchema = z.array(labelIssueSchema.extend({ set: z.enum(['training', 'test']) }));

/** Paths and names of classes may be digits only. */
function numberOf(cell: string, { column }: { column: string | number }): string | number {
  return ['probabilityOfLabel', 'probabilityOfSuggested', 'score'].includes(String(column)) ? Number(cell) : cell;
}
