/** The student beside the ensemble, on the test images. */
import { bootstrapLossDifference, compareClassifiers, scoreWithPauses } from '@chorus/evaluation';
import type { LaneWork } from '../lanes/lane.ts';
import type { PredictingMember } from '../run/predict-members.ts';
import type { Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import type { TestOutputs } from './build.ts';
import { millisecondsPerImage } from './member-costs.ts';
import type { StudentReport } from './schema.ts';

export interface TestedStudent {
  choice: Pick<Choice, 'chosen'>;
  test: TestOutputs;
  /** The models of the student and of all members. */
  student: PredictingMember;
  members: readonly PredictingMember[];
  /** The tasks of all lanes. */
  work: readonly LaneWork[];
  classes: readonly string[];
  seed: number;
}

/**
 * Scores the student and compares it with the ensemble.
 *
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function compareStudent(
  { choice, test, student, members, work, classes, seed }: TestedStudent,
  slices: Slices,
): Promise<Pick<StudentReport, 'test' | 'comparison' | 'cost'>> {
  const pause = () => slices.pause();
  const [own, ensemble] = [test.student!, test.ensemble];
  const score = await scoreWithPauses(own, test.labels, classes, pause);
  const { onlyFirst, onlySecond, p } = compareClassifiers(own, ensemble, test.labels, classes.length);
  const bootstrap = { seed, pause };
  return {
    test: score,
    comparison: {
      against: choice.chosen,
      accuracyDifference: (onlyFirst - onlySecond) / test.labels.length,
      ...{ onlyStudent: onlyFirst, onlyEnsemble: onlySecond, p },
      logLoss: await bootstrapLossDifference(own, ensemble, test.labels, classes.length, bootstrap),
    },
    cost: {
      student: costOf([student], work, test.labels.length),
      ensemble: costOf(members, work, test.labels.length),
    },
  };
}

// --- internal ---

function costOf(
  members: readonly PredictingMember[],
  work: readonly LaneWork[],
  imageCount: number,
): NonNullable<StudentReport['cost']>['student'] {
  const bytes = members.flatMap(({ models }) => models).reduce((sum, { weights }) => sum + weights.byteLength, 0);
  const names = members.map(({ name }) => name);
  return {
    parameters: bytes / Float32Array.BYTES_PER_ELEMENT,
    bytes,
    millisecondsPerImage: millisecondsPerImage(work, names, imageCount),
  };
}
