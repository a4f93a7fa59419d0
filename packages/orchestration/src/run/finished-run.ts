/** Detects finished runs. */
import { stat } from 'node:fs/promises';
import { readJsonFile, StorageError } from '@chorus/storage';
import { readMember } from '@chorus/training';
import { readBundle } from '../bundle.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * The report of a finished run, whose members are all done, whose report, bundle and members are undamaged, and whose
 * predictions and label issues exist.
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
    if (report.student !== undefined) {
      if (report.student.status !== 'done') return undefined;
      await readMember(folder.student);
    }
    const isThere = (path: string) =>
      stat(path).then(
        (file) => file.isFile(),
        () => false,
      );
    // Earlier versions did not audit labels.
    const files = report.labelAudit === null ? [folder.predictions] : [folder.predictions, folder.labelIssues];
    for (const file of files) if (!(await isThere(file))) return undefined;
    return report;
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
