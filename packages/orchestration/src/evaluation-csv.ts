/** CSV tables of an evaluation: of all images, the misclassified ones, or those with implausible labels. */
import { auditLabels, type LabelIssue } from '@chorus/evaluation';
import { publishFile } from '@chorus/storage';
import { classColumns } from './class-columns.ts';
import { csvLine } from './csv.ts';
import { ConfigError } from './errors.ts';
import type { Evaluation } from './evaluate.ts';
import { writingTo } from './output-place.ts';
import { otherFile, requireOutputFile } from './prediction-files.ts';
import { issuesCsv } from './report/label-issues-csv.ts';
import { Slices } from './run/slices.ts';

export interface EvaluationFilePaths {
  /** Every image: `path,label,predicted,<class>,…` (RFC 4180), `class:<class>` for a class with the name of another column. */
  csv?: string | undefined;
  /** Misclassified images, the most confident first: `path,label,predicted,probability,probabilityOfLabel`. */
  wrong?: string | undefined;
  /**
   * Images with implausible labels, the worst first: `path,label,suggested,probabilityOfLabel,probabilityOfSuggested,score`.
   * The labels of images that the run trained on are found plausible too often.
   */
  labelIssues?: string | undefined;
}

/** @throws ConfigError when a path does not end in .csv, two are the same, or nothing can be written there. */
export async function requireEvaluationFiles({ csv, wrong, labelIssues }: EvaluationFilePaths): Promise<void> {
  const paths = [csv, wrong, labelIssues].filter((path) => path !== undefined);
  const repeated = paths.find((path, index) => paths.indexOf(path) !== index);
  if (repeated !== undefined)
    throw new ConfigError(
      `Expected different files for all images, the misclassified ones and those with implausible labels, received ${repeated} twice.`,
    );
  for (const path of paths) await requireOutputFile(path, '.csv');
}

/** Writes the tables that have a path, each atomically. */
export async function writeEvaluationFiles(
  evaluation: Evaluation,
  { csv, wrong, labelIssues }: EvaluationFilePaths,
): Promise<void> {
  const { classes, predictions } = evaluation;
  if (csv !== undefined)
    await writingTo(
      csv,
      () =>
        publishFile(
          csv,
          csvLine([...imageColumns, ...classColumns(classes, imageColumns)]) +
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
  if (labelIssues !== undefined) {
    const table = issuesCsv(await findIssues(evaluation));
    await writingTo(labelIssues, () => publishFile(labelIssues, table), otherFile);
  }
}

// --- internal ---

const imageColumns = ['path', 'label', 'predicted'];

async function findIssues({ classes, predictions }: Evaluation): Promise<LabelIssue[]> {
  const probabilities = new Float32Array(predictions.length * classes.length);
  for (const [row, one] of predictions.entries())
    probabilities.set(
      classes.map((name) => one.probabilities[name]!),
      row * classes.length,
    );
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const images = {
    paths: predictions.map(({ path }) => path),
    labels: predictions.map(({ label }) => labelOf.get(label)!),
  };
  const slices = new Slices();
  const { issues } = await auditLabels(probabilities, images, classes, () => slices.pause());
  return issues;
}
