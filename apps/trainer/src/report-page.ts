/** The pages that follow a training. */
import { join } from 'node:path';
import { printable } from './print/printable.ts';

/**
 * Writes the page of each run and, for several runs, `comparison.html` in their common folder. A page that cannot be written does
 * not fail the training, whose results are in `report.json`.
 *
 * @returns lines for the end of the output; none if the environment variable `CHORUS_PAGE` is `off`.
 */
export async function reportPageLines(runs: readonly string[], commonFolder?: string): Promise<string[]> {
  if (process.env.CHORUS_PAGE === 'off') return [];
  const { writeComparison, writeRunReport } = await import('@chorus/report');
  const pages: string[] = [];
  try {
    for (const run of runs) pages.push((await writeRunReport(run)).page);
    if (commonFolder === undefined) return pages.map((page) => `page: ${page}`);
    const comparison = join(commonFolder, 'comparison.html');
    await writeComparison(runs, comparison);
    return [`page: ${comparison}`];
  } catch (error) {
    return [`page: not written: ${printable((error as Error).message)}`];
  }
}
