/** Whether a run has nothing left to do. */
import { stat } from 'node:fs/promises';
import { readJsonFile, StorageError } from '@chorus/storage';
import { readMember } from '@chorus/training';
import { readBundle } from '../bundle.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * The report of a finished run: every member is done, and report, bundle, predictions and members are there and undamaged.
 *
 * @returns undefined for a run that stopped before its end, has a failed member, or has lost a file: resuming it does something.
 */
export async function finishedReport(folder: RunFolder): Promise<Report | undefined> {
  try {
    const { success, data: report } = reportSchema.safeParse(await readJsonFile(folder.report));
    if (!success || report.bestMember === null || report.members.some(({ status }) => status !== 'done'))
      return undefined;
    await readBundle(folder.bundle);
    for (const { name, trainings } of report.members)
      for (const { fold } of trainings) await readMember(folder.member(name, fold));
    const hasPredictions = await stat(folder.predictions).then(
      (file) => file.isFile(),
      () => false,
    );
    return hasPredictions ? report : undefined;
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
