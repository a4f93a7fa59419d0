/** Builds parts of the report from a run's results. */
import { compareStackers, findMistakes, scoreWithPauses, verdict } from '@chorus/evaluation';
import type { LossCurve, StackerKind } from '@chorus/models';
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
  /** Of the chosen stacker, with its calibration. */
  ensemble: Float32Array;
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
  const probabilitiesOf = (kind: StackerKind) => (kind === choice.chosen ? test.ensemble : test.stackers.get(kind)!);
  const comparisons = compareStackers(
    choice.stackers.map(({ kind }) => probabilitiesOf(kind)),
    { name: bestMember, probabilities: test.members.get(bestMember)! },
    test.labels,
    classes.length,
  );
  const reports: StackerReport[] = [];
  for (const [index, { kind, outOfFold, curve }] of choice.stackers.entries())
    reports.push({
      kind,
      chosen: kind === choice.chosen,
      outOfFold,
      test: await scoreWithPauses(probabilitiesOf(kind), test.labels, classes, () => slices.pause()),
      mcnemar: comparisons[index]!,
      curve: curve === undefined ? null : rounded(curve),
    });
  return reports;
}

/** The ensemble's most confident errors. */
export function reportMistakes(test: TestOutputs, classes: readonly string[]): Report['mistakes'] {
  return findMistakes(test.ensemble, test, classes, mistakeCount);
}

/** Adds the schema version and the verdict. */
export function completeReport(parts: Omit<Report, 'schemaVersion' | 'verdict'>): Report {
  return { schemaVersion: 3, ...parts, verdict: verdict(parts) };
}

// --- internal ---

/** With six digits, so that a thousand epochs take little space. */
function rounded({ fit, validation, keptEpochIndex }: LossCurve): NonNullable<StackerReport['curve']> {
  const short = (losses: readonly number[]) => losses.map((loss) => Number(loss.toPrecision(6)));
  return { fit: short(fit), validation: validation && short(validation), keptEpochIndex };
}
