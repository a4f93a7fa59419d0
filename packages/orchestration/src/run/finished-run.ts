/** Detects finished runs. */
import { stat } from 'node:fs/promises';
import { readJsonFile, StorageError } from '@chorus/storage';
import { readMember } from '@chorus/training';
import { readBundle } from '../bundle.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * The report of a finished run, whose members are all done, whose report, bundle and members are undamaged, and whose
 * predictions exist.
 *
 * @returns undefined for a run that was stopped, has a failed member or lacks a file, so that resuming it has work to do.
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
