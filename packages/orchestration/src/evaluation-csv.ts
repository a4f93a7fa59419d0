/** CSV tables of an evaluation: of all images, or of the misclassified ones. */
import { publishFile } from '@chorus/storage';
import { csvLine } from './csv.ts';
import { ConfigError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { writingTo } from './output-place.ts';
import { otherFile, requireOutputFile } from './prediction-files.ts';

export interface EvaluationFilePaths {
  /** Every image: `path,label,predicted,<class>,…` (RFC 4180). */
  csv?: string | undefined;
  /** Misclassified images, the most confident first: `path,label,predicted,probability,probabilityOfLabel`. */
  wrong?: string | undefined;
}

/** @throws ConfigError when a path does not end in .csv, both are the same, or nothing can be written there. */
export async function requireEvaluationFiles({ csv, wrong }: EvaluationFilePaths): Promise<void> {
  if (csv !== undefined && csv === wrong)
    throw new ConfigError(
      `Expected different files for all images and for the misclassified ones, received ${csv} for both.`,
    );
  for (const path of [csv, wrong]) if (path !== undefined) await requireOutputFile(path, '.csv');
}

/** Writes the tables that have a path, each atomically. */
export async function writeEvaluationFiles(evaluation: Evaluation, { csv, wrong }: EvaluationFilePaths): Promise<void> {
  const { classes, predictions } = evaluation;
  if (csv !== undefined)
    await writingTo(
      csv,
      () =>
        publishFile(
          csv,
          csvLine(['path', 'label', 'predicted', ...classes]) +
            predictions
              .map((one) =>
                csvLine([one.path, one.label, one.predicted, ...classes.map((name) => one.probabilities[name]!)]),
              )
              .join(''),
        ),
      otherFile,
    );
  if (wrong !== undefined)
    await writingTo(
      wrong,
      () =>
        publishFile(
          wrong,
          csvLine(['path', 'label', 'predicted', 'probability', 'probabilityOfLabel']) +
            predictions
              .filter(({ label, predicted }) => label !== predicted)
              .toSorted((a, b) => b.probabilities[b.predicted]! - a.probabilities[a.predicted]!)
              .map(({ path, label, predicted, probabilities }) =>
                csvLine([path, label, predicted, probabilities[predicted]!, probabilities[label]!]),
              )
              .join(''),
        ),
      otherFile,
    );
}
