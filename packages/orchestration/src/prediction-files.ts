/** Prediction files, written as predictions arrive and published atomically once complete. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openWholeFile, type WholeFile } from '@chorus/storage';
import { classColumns } from './class-columns.ts';
import { csvLine } from './csv.ts';
import { ConfigError } from './errors.ts';
import { requireWritable, writingTo } from './output-place.ts';
import type { Prediction } from './predict.ts';

export interface PredictionFilePaths {
  /**
   * A CSV file with a header and a row per image: `path,predicted,<class>,…` (RFC 4180). `accepted` and `set`, a JSON array (`[]` if
   * no class is in the set), follow `predicted` if predictions have them. A class with the name of one of these columns has the column
   * `class:<class>`.
   */
  csv?: string | undefined;
  /** A file with one JSON object per image and line. */
  jsonl?: string | undefined;
}

export interface PredictionFiles {
  write(predictions: readonly Prediction[], classes: readonly string[]): Promise<void>;
  /** Renames the files to their final names, replacing earlier ones. */
  publish(): Promise<void>;
  /** Removes files that were not published. */
  discard(): Promise<void>;
}

/** Advice at the end of an error about a prediction file. */
export const otherFile = 'name another file';

/**
 * Opens the files under temporary names.
 *
 * @throws ConfigError when a path does not have the extension of its format, or is not writable.
 */
export async function openPredictionFiles({ csv, jsonl }: PredictionFilePaths): Promise<PredictionFiles> {
  const open: { path: string; file: WholeFile; lines: LinesOf }[] = [];
  const discard = async () => {
    for (const { file } of open) await file.discard();
  };
  try {
    for (const [path, ending, lines] of [
      [csv, '.csv', csvLines()],
      [jsonl, '.jsonl', jsonLines],
    ] as const) {
      if (path === undefined) continue;
      await requireOutputFile(path, ending);
      open.push({ path, lines, file: await writingTo(path, () => openWholeFile(path), otherFile) });
    }
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    async write(predictions, classes) {
      for (const { path, file, lines } of open)
        await writingTo(path, () => file.write(lines(predictions, classes)), otherFile);
    },
    async publish() {
      for (const { path, file } of open) await writingTo(path, () => file.publish(), otherFile);
    },
    discard,
  };
}

/**
 * Checks an output path before the work, which can take minutes. Requiring the extension prevents overwriting an image by
 * mistake.
 *
 * @throws ConfigError when the path has another extension, is a folder or device, or is not writable.
 */
export async function requireOutputFile(path: string, ending: string): Promise<void> {
  if (!path.toLowerCase().endsWith(ending))
    throw new ConfigError(`Expected an output file that ends in ${ending}, received ${path}.`);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile())
    throw new ConfigError(`Expected an output file at ${path}, received a folder or device; name another file.`);
  await requireWritable(dirname(path), otherFile);
}

// --- internal ---

type LinesOf = (predictions: readonly Prediction[], classes: readonly string[]) => string;

function csvLines(): LinesOf {
  let hasHeader = false;
  return (predictions, classes) => {
    const [first] = predictions;
    if (first === undefined) return '';
    const columns = (['accepted', 'set'] as const).filter((name) => first[name] !== undefined);
    const names = classColumns(classes, ['path', 'predicted', 'accepted', 'set']);
    const header = hasHeader ? '' : csvLine(['path', 'predicted', ...columns, ...names]);
    hasHeader = true;
    const rows = predictions.map(({ path, predicted, probabilities, ...doubt }) => {
      const cells = columns.map((name) => JSON.stringify(doubt[name]));
      return csvLine([path, predicted, ...cells, ...classes.map((name) => probabilities[name]!)]);
    });
    return header + rows.join('');
  };
}

const jsonLines: LinesOf = (predictions) => predictions.map((one) => `${JSON.stringify(one)}\n`).join('');
