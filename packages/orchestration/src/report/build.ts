/** Builds parts of the report from a run's results. */
import { compareStackers, findMistakes, scoreWithPauses, verdict } from '@chorus/evaluation';
import type { StackerKind } from '@chorus/models';
import type { Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import type { Report, StackerReport } from './schema.ts';

/** Test images and every classifier's probabilities. */
export interface TestOutputs {
  paths: string[];
  labels: Int32Array;
  /** By member name; [images, classes]. */
  members: ReadonlyMap<string, Float32Array>;
  stackers: ReadonlyMap<StackerKind, Float32Array>;
  /** Of the student, if it is trained; [images, classes]. */
  student?: Float32Array | undefined;
}

const mistakeCount = 20;

/** Scores every stacker on the test images and compares it with the best single member. */
export async function reportStackers(
  choice: Choice,
  bestMember: string,
  test: TestOutputs,
  classes: readonly string[],
  slices: Slices,
): Promise<StackerReport[]> {
  const comparisons = compareStackers(
    choice.stackers.map(({ kind }) => test.stackers.get(kind)!),
    { name: bestMember, probabilities: test.members.get(bestMember)! },
    test.labels,
    classes.length,
  );
  const reports: StackerReport[] = [];
  for (const [index, { kind, outOfFold }] of choice.stackers.entries())
    reports.push({
      kind,
      chosen: kind === choice.chosen,
      outOfFold,
      test: await scoreWithPauses(test.stackers.get(kind)!, test.labels, classes, () => slices.pause()),
      mcnemar: comparisons[index]!,
    });
  return reports;
}

/** The most confident errors of the chosen stacker. */
export function reportMistakes(choice: Choice, test: TestOutputs, classes: readonly string[]): Report['mistakes'] {
  return findMistakes(test.stackers.get(choice.chosen)!, test, classes, mistakeCount);
}

/** Adds the schema version and the verdict. */
export function completeReport(parts: Omit<Report, 'schemaVersion' | 'verdict'>): Report {
  return { schemaVersion: 3, ...parts, verdict: verdict(parts) };
}
