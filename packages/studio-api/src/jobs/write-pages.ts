/** Writes pages of runs in a child process: drawing charts takes seconds. */
import { writeComparison, writeRunReport } from '@chorus/report';
import type { Jobs } from './messages.ts';

export async function writeReportPage({ folder }: Jobs['report']['request']): Promise<null> {
  await writeRunReport(folder);
  return null;
}

export async function writeComparisonPage({ folders, out }: Jobs['compare']['request']): Promise<null> {
  await writeComparison(folders, out);
  return null;
}
