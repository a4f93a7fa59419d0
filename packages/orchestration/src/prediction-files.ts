/** Tables of predictions that appear whole, when the last prediction is in them. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openWholeFile, type WholeFile } from '@chorus/storage';
import { csvLine } from './csv.ts';
import { ConfigError } from './errors.ts';
import { requireWritable, writingTo } from './output-place.ts';
import type { Prediction } from './predict.ts';

export interface PredictionFilePaths {
  /** A header, then a row for each image: `path,predicted,<class>,…` (RFC 4180). */
  csv?: string | undefined;
  /** A JSON object for each image, a line each. */
  jsonl?: string | undefined;
}

export interface PredictionFiles {
  write(predictions: readonly Prediction[], classes: readonly string[]): Promise<void>;
  /** Gives the files their names, in place of earlier ones. */
  publish(): Promise<void>;
  /** Removes what is not published. */
  discard(): Promise<void>;
}

/** Advice at the end of an error about such a file. */
export const otherFile = 'name another file';

/**
 * Opens the files under temporary names.
 *
 * @throws ConfigError when a path does not end as its kind does, or nothing can be written there.
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
 * Looks at a place before minutes of work: a photograph is not overwritten by accident, nor a device replaced.
 *
 * @throws ConfigError when nothing can be written there.
 */
export async function requireOutputFile(path: string, ending: string): Promise<void> {
  if (!path.toLowerCase().endsWith(ending))
    throw new ConfigError(`Expected an output file that ends in ${ending}, received ${path}.`);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile())
    throw new ConfigError(`Expected an output file at ${path}, received a folder or device; name another place.`);
  await requireWritable(dirname(path), otherFile);
}

// --- internal ---

type LinesOf = (predictions: readonly Prediction[], classes: readonly string[]) => string;

function csvLines(): LinesOf {
  let hasHeader = false;
  return (predictions, classes) => {
    const header = hasHeader ? '' : csvLine(['path', 'predicted', ...classes]);
    hasHeader = true;
    const rows = predictions.map(({ path, predicted, probabilities }) =>
      csvLine([path, predicted, ...classes.map((name) => probabilities[name]!)]),
    );
    return header + rows.join('');
  };
}

const jsonLines: LinesOf = (predictions) => predictions.map((one) => `${JSON.stringify(one)}\n`).join('');
