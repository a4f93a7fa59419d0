/** The test images and their probabilities, from `predictions.csv`. */
import { csvRows, ensembleColumn, type Report } from '@chorus/orchestration';
import { StorageError } from '@chorus/storage';

export interface TestPredictions {
  /** Relative to the data folder. */
  paths: string[];
  /** Class of each image. */
  labels: number[];
  /** By name, in the order of the report: tested members, then the student; [images, classes] each. */
  members: ReadonlyMap<string, Float32Array>;
  /** Of the chosen stacker with its calibration; [images, classes]. */
  ensemble: Float32Array;
  /** Row of an image. */
  rowOf: ReadonlyMap<string, number>;
}

/** Probabilities that are read; more would take minutes. */
const mostNumbers = 20_000_000;

/** @throws StorageError when the table cannot be read, lacks a column, is too large, or a row is damaged. */
export async function readPredictions(path: string, report: Report): Promise<TestPredictions> {
  const { classes } = report.dataset;
  const chosen = report.stackers.find((stacker) => stacker.chosen)!;
  const applied = report.analysis?.calibration.applied ?? 'none';
  const tested = report.members.filter(({ test }) => test !== null).map(({ name }) => name);
  const names = [
    ensembleColumn(chosen.kind, applied),
    ...tested,
    ...(report.student?.test ? [report.student.name] : []),
  ];
  const size = chosen.test.count * classes.length;
  if (size * names.length > mostNumbers)
    throw new StorageError(
      `${path}: ${chosen.test.count} images × ${classes.length} classes × ${names.length} classifiers are too many for curves.`,
    );
  const matrices = names.map(() => new Float32Array(size));
  const found = { paths: [] as string[], labels: [] as number[] };
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  let starts: number[] | undefined;
  for await (const cells of csvRows(path)) {
    if (starts === undefined) {
      starts = names.map((name) => cells.indexOf(`${name}:${classes[0]}`));
      const missing = names[starts.indexOf(-1)];
      if (missing !== undefined) throw new StorageError(`${path}: expected the probabilities of ${missing}.`);
      continue;
    }
    const row = found.paths.length;
    const label = labelOf.get(cells[1]!);
    if (label === undefined || row >= chosen.test.count)
      throw new StorageError(`${path}: expected the ${chosen.test.count} test images of the report.`);
    for (const [index, start] of starts.entries())
      for (let column = 0; column < classes.length; column += 1) {
        const value = Number(cells[start + column]);
        if (!(value >= 0 && value <= 1.0001))
          throw new StorageError(`${path}: expected a probability of ${names[index]} for ${cells[0]}.`);
        matrices[index]![row * classes.length + column] = value;
      }
    found.paths.push(cells[0]!);
    found.labels.push(label);
  }
  if (found.paths.length !== chosen.test.count)
    throw new StorageError(
      `${path}: expected ${chosen.test.count} test images as in the report, found ${found.paths.length}.`,
    );
  return {
    ...found,
    members: new Map(names.slice(1).map((name, index) => [name, matrices[index + 1]!])),
    ensemble: matrices[0]!,
    rowOf: new Map(found.paths.map((image, row) => [image, row])),
  };
}
