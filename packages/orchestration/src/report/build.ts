/** From the numbers of a run to its report. Pure: reads nothing, writes nothing. */
import type { StackerKind } from '@chorus/models';
import type { Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import { exactMcnemar, holm, pairedDifference } from '../statistics/mcnemar.ts';
import { argmax, scoreWithPauses } from '../statistics/score.ts';
import type { Report, StackerReport } from './schema.ts';
import { verdict } from './verdict.ts';

/** Test images and what every classifier says of them. */
export interface TestOutputs {
  paths: string[];
  labels: Int32Array;
  /** By member name; [images, classes]. */
  members: ReadonlyMap<string, Float32Array>;
  stackers: ReadonlyMap<StackerKind, Float32Array>;
}

const mistakeCount = 20;

/** The share of the most frequent class: what always answering with it would score. */
export function majorityShare(labels: ArrayLike<number>, classCount: number): number {
  const counts = new Array<number>(classCount).fill(0);
  for (let row = 0; row < labels.length; row += 1) counts[labels[row]!]! += 1;
  return labels.length === 0 ? 0 : Math.max(...counts) / labels.length;
}

/** Every stacker on the test images, each against the best single member. */
export async function reportStackers(
  choice: Choice,
  bestMember: string,
  test: TestOutputs,
  classes: readonly string[],
  slices: Slices,
): Promise<StackerReport[]> {
  const correct = (probabilities: Float32Array) =>
    Array.from(test.labels, (label, row) => argmax(probabilities, row, classes.length) === label);
  const memberCorrect = correct(test.members.get(bestMember)!);
  const differences = choice.stackers.map(({ kind }) =>
    pairedDifference(correct(test.stackers.get(kind)!), memberCorrect),
  );
  const pValues = differences.map(exactMcnemar);
  const adjusted = holm(pValues);
  const reports: StackerReport[] = [];
  for (const [index, { kind, outOfFold }] of choice.stackers.entries())
    reports.push({
      kind,
      chosen: kind === choice.chosen,
      outOfFold,
      test: await scoreWithPauses(test.stackers.get(kind)!, test.labels, classes, () => slices.pause()),
      mcnemar: {
        against: bestMember,
        onlyStacker: differences[index]!.onlyFirst,
        onlyMember: differences[index]!.onlySecond,
        p: pValues[index]!,
        pHolm: adjusted[index]!,
      },
    });
  return reports;
}

/** The most confident errors, the worst first. */
export function findMistakes(
  probabilities: Float32Array,
  { paths, labels }: Pick<TestOutputs, 'paths' | 'labels'>,
  classes: readonly string[],
): Report['mistakes'] {
  return paths
    .map((path, row) => {
      const predicted = argmax(probabilities, row, classes.length);
      return {
        path,
        label: classes[labels[row]!]!,
        predicted: classes[predicted]!,
        probability: probabilities[row * classes.length + predicted]!,
      };
    })
    .filter(({ label, predicted }) => label !== predicted)
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, mistakeCount);
}

/** Adds what follows from the other parts. */
export function completeReport(parts: Omit<Report, 'schemaVersion' | 'verdict'>): Report {
  return { schemaVersion: 3, ...parts, verdict: verdict(parts) };
}
