/** Trains the student of an ensemble, whose stacker is chosen. */
import { calibrate } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import type { Teacher } from '@chorus/training';
import type { PlannedMember } from '../plan/plan-training.ts';
import { studentFold } from '../plan/student-fold.ts';
import { placeRows } from '../stacking/rows.ts';
import { predictInSlices, Slices } from './slices.ts';
import { type FinishedOutcome, type MemberRun, trainMembers } from './train-members.ts';

/** Out-of-fold probabilities of an ensemble. */
export interface OutOfFoldTeacher {
  /** The images of the rows. */
  indices: Uint32Array;
  /** [indices, classes] */
  probabilities: Float32Array;
}

/**
 * Trains the student on all lanes as a single member, unless an earlier part of the run trained it from the same probabilities.
 *
 * @returns the outcome of its only training; a failure does not stop the run.
 * @throws StoppedError after a stop request.
 */
export async function trainStudent(
  run: MemberRun,
  student: PlannedMember,
  ensemble: OutOfFoldTeacher,
): Promise<FinishedOutcome> {
  const { dataset, plan, folder } = run;
  const fold = studentFold(dataset.split.folds);
  requireTeacher(fold.fit, ensemble);
  const [outcome] = await trainMembers({
    ...run,
    plan: { ...plan, members: [student] },
    dataset: { ...dataset, split: { ...dataset.split, folds: [fold] } },
    folder: { ...folder, member: () => folder.student, hasMember: () => folder.hasStudent() },
    teacher: await teacherOf(run, student, ensemble),
  });
  if (outcome!.status === 'cut') throw new Error('the student was not trained, although a single model is never cut');
  return outcome!;
}

// --- internal ---

/** The ensemble's probabilities in shared memory, at the temperature of the student's loss. */
async function teacherOf(
  { dataset, stop }: Pick<MemberRun, 'dataset' | 'stop'>,
  { plan }: PlannedMember,
  { indices, probabilities }: OutOfFoldTeacher,
): Promise<Teacher> {
  const classCount = dataset.classes.length;
  const { temperature } = plan.stages[0]!.loss.distillation!;
  const softened = await predictInSlices(
    [probabilities],
    { rowCount: indices.length, classCount },
    ([rows]) => calibrate(rows!, { kind: 'temperature', temperature }, classCount),
    new Slices(stop),
  );
  const shared = new SharedArrayBuffer(dataset.images.length * classCount * Float32Array.BYTES_PER_ELEMENT);
  placeRows(new Float32Array(shared), indices, softened, classCount);
  return { probabilities: shared, sha256: sha256(new Uint8Array(shared)) };
}

function requireTeacher(fit: Uint32Array, { indices }: OutOfFoldTeacher): void {
  const known = new Set(indices);
  const missing = fit.find((index) => !known.has(index));
  if (missing !== undefined) throw new Error(`image ${missing} has no out-of-fold prediction for the student`);
}
